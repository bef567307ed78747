import socket

from pydantic import SecretStr

from contact_center.demo.defaults import demo_sources, for_demo, shop_secret
from contact_center.demo.welcome import summary
from contact_center.settings import Email, Server, Settings


def test_mail_comes_in_and_leaves_into_a_folder() -> None:
    email = for_demo(Settings()).email
    assert email.enabled
    assert email.smtp_host is None
    assert not Settings().email.enabled


def test_what_somebody_has_set_stays() -> None:
    ours = Settings(
        company="Ours",
        email=Email(enabled=True, address="help@ours.example", smtp_host="mail.ours.example"),
        server=Server(public_url="https://help.ours.example"),
    )
    adapted = for_demo(ours)
    assert (adapted.company, adapted.email, adapted.server) == (
        ours.company,
        ours.email,
        ours.server,
    )


def test_a_mail_server_that_is_merely_noted_is_not_used() -> None:
    assert for_demo(Settings(email=Email(smtp_host="mail.ours.example"))).email.smtp_host is None


def test_a_mail_port_that_is_taken_is_passed_over() -> None:
    first = for_demo(Settings()).email.listen_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        assert for_demo(Settings()).email.listen_port != first
        assert for_demo(Settings(), taken=True).email.listen_port == Email().listen_port


def test_the_shop_has_a_secret_of_its_own_in_every_installation() -> None:
    ours, theirs = SecretStr("ours"), SecretStr("theirs")
    assert shop_secret(ours) != shop_secret(theirs)
    assert demo_sources(ours)["demo-shop"].plain_secrets == [shop_secret(ours)]


def test_the_summary_names_every_address_and_log_in() -> None:
    said = summary(for_demo(Settings()), seeded=400, with_logins=True)
    for part in ("/shop", "/desk", "/api/docs", "SMTP 127.0.0.1:", "agent@", "manager@", "400"):
        assert part in said


def test_no_log_ins_are_named_where_there_are_none() -> None:
    assert "password " not in summary(for_demo(Settings()), seeded=None, with_logins=False)


def test_a_service_that_others_can_reach_is_warned_about() -> None:
    settings = for_demo(Settings(server=Server(host="0.0.0.0")))  # noqa: S104
    assert "everybody knows the password" in summary(settings, seeded=None, with_logins=True)
