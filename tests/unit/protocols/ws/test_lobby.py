"""Few may be unauthenticated at a time; the others wait their turn."""

from musearoo.protocols.ws.lobby import Lobby


class TestLobby:
    def test_one_address_does_not_keep_another_out(self):
        lobby, entered = Lobby(in_all=3, per_address=2, waiting=10), []

        def knock(address: str) -> bool:
            return lobby.knock(address, lambda: entered.append(address) is None)

        assert all(knock(address) for address in "aaab")
        assert ["a", "a", "b"] == entered

    def test_whoever_waits_enters_when_somebody_leaves(self):
        lobby, entered = Lobby(in_all=1, per_address=1, waiting=10), []
        for name in "xyz":
            lobby.knock("a", lambda name=name: entered.append(name) is None)
        assert ["x"] == entered
        lobby.leave("a")
        assert ["x", "y"] == entered

    def test_who_went_away_while_waiting_takes_no_place(self):
        lobby, entered = Lobby(in_all=1, per_address=1, waiting=10), []
        lobby.knock("a", lambda: True)
        lobby.knock("a", lambda: False)
        lobby.knock("a", lambda: entered.append("c") is None)
        lobby.leave("a")
        assert ["c"] == entered

    def test_too_many_waiting_are_turned_away(self):
        lobby = Lobby(in_all=1, per_address=1, waiting=1)
        assert [True, True, False] == [lobby.knock("a", lambda: True) for _ in range(3)]
