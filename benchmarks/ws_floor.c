/* The floor: every chunk of 380 bytes that a client sends goes to all clients by one send() each.
 *
 *     cc -O2 -o ws_floor ws_floor.c && ./ws_floor
 *
 * Prints its port. No WebSocket, no JSON, no state: what the kernel alone costs. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 20000, SIZE = 380, EVENTS = 256 };

static int client[MOST], clients, held[MOST + 64];
static char rest[MOST + 64][SIZE];

int main(void) {
    int one = 1, door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t length = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, 4096) ||
        getsockname(door, (struct sockaddr *)&at, &length))
        return 1;
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = door}, events[EVENTS];
    epoll_ctl(poll, EPOLL_CTL_ADD, door, &event);
    for (;;) {
        int count = epoll_wait(poll, events, EVENTS, -1);
        for (int n = 0; n < count; n++) {
            int fd = events[n].data.fd;
            if (fd == door) {
                int came;
                while ((came = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    if (clients == MOST || came >= MOST + 64)
                        return 1;
                    setsockopt(came, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    client[clients++] = came;
                    event.data.fd = came;
                    epoll_ctl(poll, EPOLL_CTL_ADD, came, &event);
                }
                continue;
            }
            char chunk[64 * SIZE];
            memcpy(chunk, rest[fd], held[fd]);
            ssize_t got = recv(fd, chunk + held[fd], sizeof chunk - held[fd], 0);
            if (got <= 0) {
                if (got == 0 || (errno != EAGAIN && errno != EINTR))
                    return 0; /* the first who leaves ends it */
                continue;
            }
            ssize_t whole = got + held[fd], done = 0;
            for (; whole - done >= SIZE; done += SIZE)
                for (int c = 0; c < clients; c++)
                    send(client[c], chunk + done, SIZE, MSG_NOSIGNAL);
            held[fd] = whole - done;
            memcpy(rest[fd], chunk + done, held[fd]);
        }
    }
}
