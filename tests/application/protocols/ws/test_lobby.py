"""Few may be unauthenticated at a time; the others wait their turn."""

from collections.abc import Callable

from musearoo.protocols.ws.lobby import Lobby


class Entered(list[str]):
    """Who came in, in order."""

    def by(self, name: str) -> Callable[[], bool]:
        def enter() -> bool:
            self.append(name)
            return True

        return enter


class TestLobby:
    def test_one_address_does_not_keep_another_out(self):
        lobby, entered = Lobby(in_all=3, per_address=2, waiting=10), Entered()

        assert all(lobby.knock(address, entered.by(address)) for address in "aaab")
        assert ["a", "a", "b"] == entered

    def test_whoever_waits_enters_when_somebody_leaves(self):
        lobby, entered = Lobby(in_all=1, per_address=1, waiting=10), Entered()
        for name in "xyz":
            lobby.knock("a", entered.by(name))
        assert ["x"] == entered
        lobby.leave("a")
        assert ["x", "y"] == entered

    def test_who_went_away_while_waiting_takes_no_place(self):
        lobby, entered = Lobby(in_all=1, per_address=1, waiting=10), Entered()
        lobby.knock("a", lambda: True)
        lobby.knock("a", lambda: False)
        lobby.knock("a", entered.by("c"))
        lobby.leave("a")
        assert ["c"] == entered

    def test_who_went_away_is_forgotten(self):
        """Addresses are kept for no longer than somebody is there."""
        lobby, entered = Lobby(in_all=1, per_address=1, waiting=10), Entered()
        lobby.knock("a", entered.by("a"))
        for number in range(5):
            lobby.knock(f"gone{number}", lambda: False)
        lobby.leave("a")
        assert not lobby._inside

    def test_too_many_waiting_are_turned_away(self):
        lobby = Lobby(in_all=1, per_address=1, waiting=1)
        assert [True, True, False] == [lobby.knock("a", lambda: True) for _ in range(3)]
