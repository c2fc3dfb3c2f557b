"""What a worker is told at its start, and what it is not."""

import msgspec
import pytest

from musearoo.jobs.setup import WorkerSetup, environment, read_setup


class TestSetup:
    def test_comes_back_from_the_command_line(self) -> None:
        setup = WorkerSetup(link="socket", parent=7, descriptor=9, niceness=10, memory=1 << 31)
        assert setup == read_setup(setup.argument())

    @pytest.mark.parametrize("argument", ["", "{}", '{"link":"telnet","parent":1}', "[]"])
    def test_anything_else_is_refused(self, argument: str) -> None:
        with pytest.raises(msgspec.MsgspecError):
            read_setup(argument)


class TestEnvironment:
    def test_secrets_stay_with_the_server(self) -> None:
        secret = {
            "MUSEAROO_DATABASE_URL": "x",
            "musearoo_jwt": "x",
            "DATABASE_URL": "x",
            "AWS_SECRET_ACCESS": "x",
            "github_token": "x",
            "PGPASSWORD": "x",
            "API_KEY": "x",
        }
        assert not secret.keys() & environment(secret).keys()

    def test_what_processes_need_is_passed(self) -> None:
        plain = {"PATH": "/bin", "SYSTEMROOT": "C:", "MUSEAROO_WORKER_X": "1", "LANG": "C"}
        assert plain.items() <= environment(plain).items()

    def test_numeric_libraries_get_one_thread(self) -> None:
        assert "1" == environment({"OMP_NUM_THREADS": "8"})["OMP_NUM_THREADS"]
        assert "1" == environment({})["OPENBLAS_NUM_THREADS"]
