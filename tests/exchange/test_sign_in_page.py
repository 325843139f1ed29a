"""The sign-in page as a browser meets it: forged forms, half a pair of cookies, signing out."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from exchange import gate
from tests import cast
from tests.running.databases import Database

WRONG = "That e-mail address, passphrase or code is not right."


def open_browser() -> Client:
    """A browser with nothing in it, which checks forms as the server does."""
    return Client(enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")


def fill_in(browser: Client, **typed: str) -> Any:
    """Open the page and send its form, token included."""
    page = browser.get("/sign-in").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    amina = cast.person("amina")
    form = {"email": amina.email, "passphrase": amina.passphrase, "code": amina.secrets.spare_codes[9], **typed}
    return browser.post(
        "/sign-in", {**form, "csrfmiddlewaretoken": token[1]}, headers={"Origin": settings.CONFER_ORIGIN}
    )


def test_two_cookies_are_given_and_each_is_useless_alone(database: Database) -> None:
    browser = open_browser()
    answer = fill_in(browser)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    for name, same_site in ((gate.SESSION_COOKIE, "Lax"), (gate.UNLOCK_COOKIE, "Strict")):
        cookie = browser.cookies[name]
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (
            True,
            True,
            same_site,
            "/",
        )
    assert "Amina" in browser.get("/").content.decode()
    for name in (gate.SESSION_COOKIE, gate.UNLOCK_COOKIE):
        thief = open_browser()
        thief.cookies[name] = browser.cookies[name].value
        assert thief.get("/").status_code == 401


@pytest.mark.parametrize("typed", [{"passphrase": "not it"}, {"code": "000000"}, {"email": "nobody@example.org"}])
def test_whatever_is_wrong_the_page_says_the_same_and_keeps_only_the_address(
    database: Database, typed: dict[str, str]
) -> None:
    answer = fill_in(open_browser(), **typed)
    page = answer.content.decode()
    assert answer.status_code == 401
    assert WRONG in page
    assert typed.get("email", cast.person("amina").email) in page
    assert cast.person("amina").passphrase not in page
    assert cast.person("amina").secrets.spare_codes[9] not in page
    assert gate.SESSION_COOKIE not in answer.cookies


def test_a_form_from_elsewhere_is_refused(database: Database) -> None:
    amina = cast.person("amina")
    form = {"email": amina.email, "passphrase": amina.passphrase, "code": amina.secrets.spare_codes[9]}
    assert open_browser().post("/sign-in", form).status_code == 403


def test_an_incomplete_form_names_the_field(database: Database) -> None:
    page = fill_in(open_browser(), code="").content.decode()
    assert 'href="#id_code"' in page
    assert "Error: Sign in" in page


def test_signing_out_ends_the_session_for_good(database: Database) -> None:
    browser = open_browser()
    fill_in(browser)
    kept = {name: browser.cookies[name].value for name in (gate.SESSION_COOKIE, gate.UNLOCK_COOKIE)}
    token = re.search(r'value="(\w+)"', browser.get("/").content.decode())
    assert token is not None
    origin = {"Origin": settings.CONFER_ORIGIN}
    answer = browser.post("/sign-out", {"csrfmiddlewaretoken": token[1]}, headers=origin)
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in")
    thief = open_browser()
    for name, value in kept.items():
        thief.cookies[name] = value
    assert thief.get("/").status_code == 401


def test_the_documentation_opens_for_someone_signed_in_and_sends_no_request_elsewhere(database: Database) -> None:
    browser = open_browser()
    fill_in(browser)
    page = browser.get("/documentation")
    assert page.status_code == 200
    assert not re.search(r'(src|href)="(https?:)?//', page.content.decode())
    assert "unsafe" not in page["Content-Security-Policy"]
    assert browser.get("/documentation/schema").status_code == 200


def test_the_page_asks_nothing_of_another_host_and_has_one_heading(database: Database) -> None:
    page = open_browser().get("/sign-in").content.decode()
    assert page.count("<h1") == 1
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert page.count("<label for=") == 3
