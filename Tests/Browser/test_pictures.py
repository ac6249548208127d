"""Takes the pictures under Docs/images from a class that really runs. Only with PICTURES=1, since they change files."""

import io
import os
import pathlib

import pytest
from PIL import Image
from playwright.sync_api import expect

from people import Student, Teacher

IMAGES = pathlib.Path(__file__).resolve().parents[2] / "Docs" / "images"
QUESTION = "Which part of the cell makes most of its energy?"

pytestmark = pytest.mark.skipif("PICTURES" not in os.environ, reason="pictures are taken with PICTURES=1 only")


def take(person_or_page, name, width=None):
    page = getattr(person_or_page, "page", person_or_page)
    page.mouse.move(1, 400)
    page.wait_for_timeout(700)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    if width:
        picture = picture.resize((width, picture.height * width // picture.width), Image.Resampling.LANCZOS)
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture.save(IMAGES / f"{name}.png", optimize=True)


def starts_quiz(teacher):
    page = teacher.page
    page.get_by_label("Your question").fill(QUESTION)
    page.get_by_role("button", name="Own answers").click()
    page.get_by_role("group", name="Kind").get_by_role("button", name="Quiz").click()
    for letter, text in (("A", "Nucleus"), ("B", "Mitochondrion"), ("C", "Ribosome"), ("D", "Cell wall")):
        if letter in "CD":
            page.get_by_role("button", name="Add an answer").click()
        page.get_by_label(f"Answer {letter}", exact=True).fill(text)
    page.get_by_label("Answer B is correct").check()
    page.get_by_role("button", name="2 min").click()
    page.get_by_role("button", name="Start poll").click()


def test_pictures_of_a_class(server, open_page):
    front = open_page(server.url + "/", 1440, 900)
    expect(front.locator(".demo")).to_be_visible()
    take(front, "front-page", 1200)
    teacher = Teacher.starts(front)
    address = f"{server.url}/join#c={teacher.code()}"
    ada = Student.joins(open_page(address, 390, 844), "Ada")
    grace = Student.joins(open_page(address, 390, 844, "dark"), "Grace")
    linus = Student.joins(open_page(address, 1280, 800), "Linus")
    noor = Student.joins(open_page(address, 390, 844), "Noor")
    said = []
    for person, text in (
            (ada, "Good morning! Is the microscope lab on Thursday?"), (teacher, "Good morning everybody 👋"),
            (teacher, "Yes, Thursday at ten. Read this before: https://example.org/cells"),
            (grace, "I have the book with me if somebody needs it"), (linus, "Perfect, thanks")):
        person.says(text)
        said.append(text)
        teacher.awaits_log(said)
    starts_quiz(teacher)
    for student in (ada, grace, linus, noor):
        student.answers(QUESTION, "Ribosome" if student is linus else "Mitochondrion")
        if student is noor:
            take(noor, "student-phone-poll")
        student.page.get_by_role("button", name="Send answer").click()
        student.awaits_receipt(QUESTION)
    linus.asks("Do plants have mitochondria too?")
    noor.asks("Will this be in the test?")
    ada.supports("Do plants have mitochondria too?")
    grace.page.get_by_role("button", name="Raise hand").click()
    teacher.sees_answers(QUESTION, 4)
    expect(teacher.page.locator(".hand")).to_have_count(1)
    take(teacher, "teacher", 1200)
    show = open_page(teacher.page.url.replace("/teach", "/show"), 1920, 1080, context=teacher.page.context)
    show.locator(".show-poll").wait_for()
    teacher.closes(QUESTION)
    ada.awaits_figures(QUESTION, ["0", "3", "1", "0"])
    take(ada, "student-phone-result")
    ada.panel("chat")
    take(ada, "student-phone-chat")
    grace.panel("now")
    take(grace, "student-phone-dark")
    take(linus, "student-laptop", 1200)
    expect(show.locator(".bar-count")).to_have_count(4)
    take(show, "projector", 1200)
    assert sum(path.stat().st_size for path in IMAGES.glob("*.png")) < 1_000_000, "the pictures are too large"
