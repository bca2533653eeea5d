"""Opening a database: any spelling of its address, and one sentence when it cannot be."""

import pytest

from app.opening import opened
from app.settings.settings import load
from db.core.database import Database, address
from engine.errors import InputError


def test_plain_address_of_postgresql_works(postgres_url):
    database = Database(postgres_url.replace("+psycopg2", ""))
    with database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM asset_type").scalar() == 8
    database.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite", ""])
def test_what_is_no_address_is_told(url):
    with pytest.raises(InputError, match="is not the address of a database"):
        address(url)


def test_silent_database_is_told_without_its_password(tmp_path):
    env = {"SQLALCHEMY_DATABASE_URI": "postgresql://ann:s3cret@127.0.0.1:1/x", "FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}
    with pytest.raises(InputError, match="does not answer") as refused:
        opened(load(env))
    assert "s3cret" not in str(refused.value)


def test_empty_database_gets_its_tables(tmp_path):
    database = opened(load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path / "new" / "folder")}))
    with database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM asset_type").scalar() == 8
    database.close()


def test_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="FLEXSCOPE_INSTANCE_PATH"):
        opened(load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path / "file" / "below")}))
