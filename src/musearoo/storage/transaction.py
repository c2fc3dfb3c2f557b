"""All row classes over one connection."""

from musearoo.storage.accounts import Accounts
from musearoo.storage.jobs import JobTable
from musearoo.storage.ledgers import Answers, Audit, Quotas
from musearoo.storage.projects import Projects
from musearoo.storage.sessions import Sessions
from musearoo.storage.statement import Connection
from musearoo.storage.work import Work


class Rows:
    """`Transaction` of both databases: made once per connection, used by one thread at a time."""

    def __init__(self, connection: Connection) -> None:
        self.accounts = Accounts(connection)
        self.projects = Projects(connection)
        self.sessions = Sessions(connection)
        self.work = Work(connection)
        self.jobs = JobTable(connection)
        self.audit = Audit(connection)
        self.answers = Answers(connection)
        self.quotas = Quotas(connection)
