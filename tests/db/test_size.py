"""Name and size of the database."""

from sqlalchemy import text

from db.core import driver
from db.core.database import Database


def test_a_database_tells_its_name_and_grows_with_what_is_in_it(database: Database):
    with database.writing() as session:
        before, name = driver.size_on_disk(session), driver.server_name(session)
        session.execute(text("CREATE TABLE heap (content TEXT)"))
        session.execute(text("INSERT INTO heap VALUES (:content)"), [{"content": f"{at:01000d}"} for at in range(1000)])
    assert name.partition(" ")[0] in ("sqlite", "postgresql") and name[-1].isdigit()
    with database.reading() as session:
        assert driver.size_on_disk(session) > before + 500_000
