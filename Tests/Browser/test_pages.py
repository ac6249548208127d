"""The pages themselves: few clicks, no barrier in either colour scheme, both languages, one connection for all tabs."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from people import Student, Teacher

CLICKS_MAX = 5
SCHEMES = ["light", "dark"]


def test_from_the_front_page_to_a_poll_on_two_phones_in_at_most_five_clicks(server, open_page):
    clicks = 0
    laptop = open_page(server.url + "/")
    laptop.get_by_role("button", name="Start class").click()
    clicks += 1
    laptop.locator(".panels:not([hidden])").wait_for()
    code = Teacher(laptop).code()
    phones = []
    for name in ("Ada", "Grace"):
        # Scanning the QR opens the link; typing the name is no click.
        phone = open_page(f"{server.url}/join#c={code}", 390, 844)
        phone.get_by_label("Your name").fill(name)
        phone.get_by_role("button", name="Join").click()
        clicks += 1
        phones.append(phone)
    laptop.get_by_role("button", name="Yes / No").click()
    clicks += 1
    for phone in phones:
        expect(phone.locator(".option")).to_have_count(2)
        expect(phone.locator(".option").first).to_be_visible()
    assert clicks <= CLICKS_MAX


def test_the_front_page_can_start_a_class_again_after_back(server, open_page):
    page = open_page(server.url + "/")
    start = page.get_by_role("button", name="Start class")
    start.evaluate("button => { button.disabled = true; }")
    # As the browser shows a page from its memory.
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(start).to_be_enabled()


@pytest.fixture(params=SCHEMES)
def busy_class(request, server, open_page):
    """A class with something in every panel."""
    scheme = request.param
    laptop = open_page(server.url + "/", 1440, 900, scheme)
    teacher = Teacher.starts(laptop)
    code = teacher.code()
    ada = Student.joins(open_page(f"{server.url}/join#c={code}", 390, 844, scheme), "Ada")
    grace = Student.joins(open_page(f"{server.url}/join#c={code}", 1280, 800, scheme), "Grace")
    teacher.says("Welcome, see https://example.org/")
    ada.says("Thanks")
    teacher.asks_yes_or_no("Shall we start?")
    ada.answers("Shall we start?", "Yes")
    ada.awaits_receipt("Shall we start?")
    grace.asks("Is there homework?")
    grace.page.get_by_role("button", name="Raise hand").click()
    expect(laptop.locator(".hand")).to_have_count(1)
    return scheme, teacher, ada, grace


def finds_nothing(page, where):
    # Colours are judged as they stand, not in the middle of a transition.
    page.wait_for_timeout(400)
    found = Axe().run(page).response["violations"]
    serious = [violation for violation in found if violation["impact"] in ("serious", "critical")]
    assert not serious, where + "\n" + "\n".join(
        f"{violation['id']}: {violation['help']}: {[node['html'][:160] for node in violation['nodes']][:4]}"
        for violation in serious)


def test_axe_finds_nothing_serious_in_a_running_class(server, open_page, busy_class):
    scheme, teacher, ada, grace = busy_class
    finds_nothing(teacher.page, "teacher, poll open")
    finds_nothing(grace.page, "student on a laptop")
    for panel in ("now", "chat", "questions", "people"):
        ada.panel(panel)
        finds_nothing(ada.page, f"student's phone, {panel}")
    show = open_page(teacher.page.url.replace("/teach", "/show"), 1920, 1080, context=teacher.page.context)
    show.locator(".show-poll").wait_for()
    finds_nothing(show, "projector, poll open")
    teacher.closes("Shall we start?")
    ada.awaits_figures("Shall we start?", ["1", "0"])
    finds_nothing(teacher.page, "teacher, poll closed")
    finds_nothing(ada.page, "student, result")
    finds_nothing(show, "projector, result")
    teacher.page.get_by_role("button", name="Own answers").click()
    teacher.page.locator(".people-count").click()
    finds_nothing(teacher.page, "teacher, composer and people")
    teacher.page.locator(".code-chip").click()
    finds_nothing(teacher.page, "teacher, invitation")
    teacher.page.keyboard.press("Escape")
    teacher.page.locator(".message-tools button").first.click()
    finds_nothing(teacher.page, "teacher, menu of a message")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("path", ["/", "/join", "/join#c=NOSUCH", "/teach", "/show"])
def test_axe_finds_nothing_serious_on_the_pages_before_a_class(server, open_page, path, scheme):
    page = open_page(server.url + path, 390, 844, scheme)
    expect(page.locator("h1")).to_have_count(1)
    finds_nothing(page, path)


def test_every_text_is_in_both_languages(server, open_page):
    page = open_page(server.url + "/?lang=de", locale="en-GB")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    catalogue = page.evaluate("import('/app/texts.js').then(m => [m.LANGUAGES.length, m.TEXTS])")
    languages, texts = catalogue
    for key, forms in texts.items():
        assert len(forms) == languages and all(forms), key
        marks = [set(re.findall(r"\{(\w+)\}", form)) for form in forms]
        assert all(mark == marks[0] for mark in marks), f"{key} has other places to fill: {forms}"
    page.get_by_role("button", name="Switch to English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask the room. See the answers.")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_switching_the_language_in_a_class_keeps_the_place_and_the_draft(server, open_page):
    page = open_page(server.url + "/")
    teacher = Teacher.starts(page)
    student = Student.joins(open_page(f"{server.url}/join#c={teacher.code()}"), "Ada")
    student.says("Before")
    student.awaits_log(["Before"])
    student.page.get_by_label("Write a message").fill("half a sen")
    student.page.get_by_role("button", name="More", exact=True).click()
    student.page.get_by_role("menuitem", name="Deutsch").click()
    expect(student.page.get_by_label("Nachricht schreiben")).to_have_value("half a sen")
    student.awaits_log(["Before"])
    assert "⟨" not in student.page.locator("body").inner_text()


def test_several_tabs_of_one_browser_share_one_connection(server, open_page):
    teacher = Teacher.starts(open_page(server.url + "/"))
    address = f"{server.url}/join#c={teacher.code()}"
    first = Student.joins(open_page(address), "Ada")
    others = []
    for _ in range(2):
        page = open_page(address, context=first.page.context)
        tab = Student(page)
        tab.is_in()
        others.append(tab)
    tabs = [first, *others]
    leading = lambda: [tab.page.evaluate("liveRoom.status.leading") for tab in tabs]  # noqa: E731
    assert leading().count(True) == 1
    others[0].says("From the second tab")
    for tab in tabs:
        tab.awaits_log(["From the second tab"])
    teacher.awaits_log(["From the second tab"])
    # The leader goes: another takes over, and nothing is missed or doubled.
    leader = tabs[leading().index(True)]
    tabs.remove(leader)
    leader.page.close()
    teacher.says("Who leads now?")
    for tab in tabs:
        tab.awaits_log(["From the second tab", "Who leads now?"])
    assert leading().count(True) == 1
    tabs[0].says("One of us")
    teacher.awaits_log(["From the second tab", "Who leads now?", "One of us"])


def test_the_keyboard_reaches_everything_in_a_poll(server, open_page):
    teacher = Teacher.starts(open_page(server.url + "/"))
    student = Student.joins(open_page(f"{server.url}/join#c={teacher.code()}", 390, 844), "Ada")
    teacher.asks_yes_or_no("By keyboard?")
    student.poll("By keyboard?").wait_for()
    page = student.page
    page.locator("body").click(position={"x": 1, "y": 1})
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.option')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "focus is not visible"
    page.keyboard.press("Enter")
    student.awaits_receipt("By keyboard?")
