"""What a path, a URL or a gateway's `.env` names."""

from pathlib import Path

import pytest

from keymon import errors
from keymon.locations import FileLocation, ServerLocation, Tls, locate, locate_by_env, server_at, server_location


def server(location: object) -> ServerLocation:
    assert isinstance(location, ServerLocation)
    return location


def file(location: object) -> Path:
    assert isinstance(location, FileLocation)
    return location.path


def test_a_quoted_url_is_unquoted(tmp_path: Path) -> None:
    (tmp_path / "ga te.db").touch()
    assert file(locate(f"sqlite:///{tmp_path}/ga%20te.db?timeout=5")) == tmp_path / "ga te.db"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:pw-canary@h/d",
        "sqlite://",
        "sqlite:///",
        "mysql://u:pw-canary@h",
        "mysql://u:pw-canary@h:port/d",
        "mysql://u:pw-canary@h/d?ssl_mode=maybe",
        "mysql://u:pw-canary@h/d?useSSL=true",
        "mysql://u:pw-canary@h/d?tls=skip-verify",
        "mysql://u@h/d?password=pw-canary",
        "mysql://u:pw-canary@h:99643/d",
        "mysql://u:pw-canary@h:0/d",
        "mysql://u:p@ss/pw-canary@h:0/d",
        "u:pw-canary@h:3306/d",
        "mysql:/u:pw-canary@h/d",
        "mysql//u:pw-canary@h/d",
        "",
    ],
)
def test_a_url_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(errors.UnsupportedDatabaseError) as caught:
        locate(url)
    assert "pw-canary" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["mysql", "mysql+pymysql", "mariadb", "MySQL", "mariadb+mariadbconnector"])
def test_every_usual_scheme_names_a_server(scheme: str) -> None:
    location = server(locate(f"{scheme}://reader:pw%40%2F@db.example:3307/gateway?charset=utf8"))
    assert (location.host, location.port, location.socket) == ("db.example", 3307, None)
    assert (location.url.username, location.url.password, location.url.database) == ("reader", "pw@/", "gateway")
    assert location.shown == "mysql://reader@db.example:3307/gateway"
    assert location.account == "reader@db.example:3307"
    assert "pw" not in repr(location)
    assert not location.lacks_password


@pytest.mark.parametrize("password", ["p@ss/w", "p?w", "a#b@c", "p%40/w", "@", "/", "x:y@z"])
def test_a_password_that_was_not_quoted_is_taken_whole(password: str) -> None:
    location = server(locate(f" mysql://reader:{password}@db.example/gateway"))
    assert (location.host, location.url.database) == ("db.example", "gateway")
    assert location.url.password == password.replace("%40", "@")
    assert location.shown == "mysql://reader@db.example/gateway"


def test_a_file_may_be_called_anything(tmp_path: Path) -> None:
    (tmp_path / "a:b@c").touch()
    assert file(locate(str(tmp_path / "a:b@c"))) == tmp_path / "a:b@c"


def test_a_server_may_be_reached_by_its_socket() -> None:
    location = server(locate("mysql://reader@/gateway?unix_socket=/run/mysqld/mysqld.sock"))
    assert location.socket == "/run/mysqld/mysqld.sock"
    assert location.shown == "mysql://reader@/gateway?unix_socket=/run/mysqld/mysqld.sock"
    assert location.account == "reader@/run/mysqld/mysqld.sock"


def test_no_password_and_an_empty_one_are_two_things() -> None:
    assert server(locate("mysql://reader@h/d")).lacks_password
    assert not server(locate("mysql://reader:@h/d")).lacks_password
    assert server(locate("mysql://reader@h/d")).with_password("x").url.password == "x"


@pytest.mark.parametrize(
    ("query", "tls"),
    [
        ("", Tls("preferred")),
        ("ssl_mode=REQUIRED", Tls("required")),
        ("ssl-mode=verify_ca&ssl-ca=/ca.pem", Tls("verify_ca", Path("/ca.pem"))),
        ("ssl_ca=/ca.pem", Tls("verify_identity", Path("/ca.pem"))),
        ("ssl_mode=disabled", Tls("disabled")),
        ("ssl_disabled=true", Tls("disabled")),
        ("ssl_verify_cert=true", Tls("verify_ca")),
        ("ssl_verify_cert=true&ssl_verify_identity=1", Tls("verify_identity")),
        ("ssl_verify_cert=false", Tls("preferred")),
    ],
)
def test_encryption_is_asked_for_in_the_url(query: str, tls: Tls) -> None:
    location = server_location(f"mysql://u:p@h/d?{query}")
    assert location.tls == tls
    assert dict(location.url.query) == {}
    again = server_location(location.text())
    assert (again.tls, again.lacks_password) == (tls, True)


def test_a_place_can_be_written_down_and_read_again() -> None:
    url = "mysql://us%40er@/gate?ssl_mode=required&unix_socket=%2Frun%2Fa+b.sock"
    location = server_location(url)
    assert (location.url.username, location.socket) == ("us@er", "/run/a b.sock")
    assert server_location(location.text()) == location


# A gateway's .env


def env(tmp_path: Path, content: str) -> object:
    (tmp_path / ".env").write_text(content)
    return locate_by_env(tmp_path / ".env")


def test_it_names_a_file_in_its_data_folder(tmp_path: Path) -> None:
    content = "DATABASE_TYPE=sqlite\nSQLITE_DATABASE='gw$HOME.db'\nAUTH_TOKEN=sk-canary\n"
    assert file(env(tmp_path, content)) == tmp_path / "data" / "gw$HOME.db"


def test_it_names_a_server_and_the_password(tmp_path: Path) -> None:
    content = (
        "MYSQL_HOST=db\nMYSQL_PORT=3307\nMYSQL_USER=gemini\nMYSQL_PASSWORD='a$b #c@/'\nMYSQL_DATABASE=default_db\n"
        "MYSQL_SOCKET=\n"
    )
    location = server(env(tmp_path, content))
    assert location.shown == "mysql://gemini@db:3307/default_db"
    assert location.url.password == "a$b #c@/"
    assert location.tls == Tls()


def test_the_socket_it_names_is_used(tmp_path: Path) -> None:
    content = "DATABASE_TYPE=mysql\nMYSQL_SOCKET=/run/s.sock\nMYSQL_USER=u\nMYSQL_DATABASE=d\n"
    assert server(env(tmp_path, content)).socket == "/run/s.sock"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("DATABASE_TYPE=postgres\nMYSQL_PASSWORD=canary\n", "postgres"),
        ("MYSQL_PASSWORD=canary\n", "it does not say MYSQL_USER and MYSQL_DATABASE"),
        ("MYSQL_USER=u\nMYSQL_DATABASE=d\nMYSQL_PORT=canary\n", "MYSQL_PORT is no port"),
        ("MYSQL_USER=u\nMYSQL_DATABASE=d\nMYSQL_PORT=99999\n", "MYSQL_PORT is no port"),
    ],
)
def test_an_env_that_does_not_say_where_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(errors.EnvFileError, match=reason) as caught:
        env(tmp_path, content)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("user", ["reader", "a:b", "a@b", "a/b", "%41", "ä"])
@pytest.mark.parametrize("database", ["gateway", "d?x=1", "d#x", "a%20b", "ä/ö", "d@x"])
@pytest.mark.parametrize("at", [{"host": "::1"}, {"host": "h", "port": 3307}, {"socket": "/a?b&c=d e", "port": 3307}])
def test_a_place_of_parts_is_the_one_that_its_text_names(user: str, database: str, at: dict[str, object]) -> None:
    made = server_at(user, database, tls=Tls("required"), password="pw-canary", **at)  # type: ignore[arg-type]
    again = server_location(made.text())
    assert (again.url.username, again.url.database, again.tls) == (user, database, Tls("required"))
    assert (again.host, again.port, again.socket) == (made.host, made.port, made.socket)
    assert "canary" not in made.text() + made.shown + repr(made)
    assert made.url.password == "pw-canary"
    assert (made.url.host, made.url.port) == ((None, None) if "socket" in at else (at["host"], at.get("port")))
