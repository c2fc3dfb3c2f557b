from musearoo.domain.errors import Unauthenticated
from musearoo.domain.ids import FamilyId, UserId
from musearoo.ports.security import Ticket
from musearoo.security.tickets import MemoryTickets
from tests.doubles.ambient import CountedRandom


def ticket(user):
    return Ticket(UserId(user), FamilyId("family"), "session", "web", None)


def is_good(tickets, secret, now=0.0):
    try:
        tickets.redeem(secret, now)
    except Unauthenticated:
        return False
    return True


class TestBounds:
    def test_one_user_pushes_out_only_own_tickets(self):
        tickets = MemoryTickets(CountedRandom(), max_per_user=3)
        bystander, _ = tickets.issue(ticket("bystander"), 0.0)
        greedy = [tickets.issue(ticket("greedy"), 0.0)[0] for _ in range(5)]
        assert [is_good(tickets, secret) for secret in greedy] == [False, False, True, True, True]
        assert is_good(tickets, bystander)

    def test_full_table_forgets_the_oldest(self):
        tickets = MemoryTickets(CountedRandom(), max_tickets=4)
        secrets = [tickets.issue(ticket(f"user {n}"), 0.0)[0] for n in range(6)]
        assert len(tickets) == 4
        assert [is_good(tickets, s) for s in secrets] == [False, False, True, True, True, True]

    def test_expired_tickets_leave(self):
        tickets = MemoryTickets(CountedRandom())
        for n in range(100):
            tickets.issue(ticket(f"user {n % 7}"), float(n))
        assert len(tickets) == 30
        assert sum(tickets._of_user.values()) == 30

    def test_no_secret_is_kept(self):
        tickets = MemoryTickets(CountedRandom())
        secret, _ = tickets.issue(ticket("user"), 0.0)
        assert secret not in repr(vars(tickets))


class TestReplay:
    def test_second_coming_is_told_with_the_ticket(self):
        heard: list[Ticket] = []
        tickets = MemoryTickets(CountedRandom(), on_replay=heard.append)
        secret, _ = tickets.issue(ticket("user"), 0.0)
        assert is_good(tickets, secret, 1.0)
        assert heard == []
        assert not is_good(tickets, secret, 2.0)
        assert heard == [ticket("user")]

    def test_clock_set_back_gives_no_longer_life(self):
        tickets = MemoryTickets(CountedRandom())
        secret, _ = tickets.issue(ticket("user"), 3600.0)
        assert not is_good(tickets, secret, 0.0)
