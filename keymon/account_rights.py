"""What the account on a server may do besides reading: keymon needs nothing more, and says so where it has more.

`information_schema` tells each account its own rights. Those that come by a role show in the rights on columns.
"""

from sqlalchemy import TableClause, column, func, select, table

from keymon.database import Database
from keymon.prepared import Statement

_HARMLESS = {
    "",
    "BINLOG MONITOR",
    "PROCESS",
    "REFERENCES",
    "REPLICATION CLIENT",
    "SELECT",
    "SHOW DATABASES",
    "SHOW VIEW",
    "USAGE",
}
_MOST_NAMED = 4

_COLUMNS: TableClause = table(
    "columns", column("table_schema"), column("table_name"), column("privileges"), schema="information_schema"
)
_ON_COLUMNS: Statement = (
    select(_COLUMNS.c.privileges).where(_COLUMNS.c.table_schema == func.database()).distinct().limit(100)
)


def _privileges(name: str) -> Statement:
    held: TableClause = table(name, column("privilege_type"), column("table_schema"), schema="information_schema")
    statement = select(held.c.privilege_type).distinct().limit(100)
    return statement if name == "user_privileges" else statement.where(held.c.table_schema == func.database())


_HELD = tuple(_privileges(name) for name in ("user_privileges", "schema_privileges", "table_privileges"))


def rights_to_write(database: Database) -> str:
    """Return the rights that go beyond reading, in the server's words; empty where there are none.

    `database` is on a server. Raises `DatabaseError`.
    """
    held = {right for statement in _HELD for (right,) in database.fetch(statement)}
    held |= {right.strip().upper() for (rights,) in database.fetch(_ON_COLUMNS) for right in rights.split(",")}
    more = sorted(held - _HARMLESS)
    left = len(more) - _MOST_NAMED
    return ", ".join(more[:_MOST_NAMED]) + (f" and {left} more" if left > 0 else "")
