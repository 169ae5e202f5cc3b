"""Invented sentences in English and Chinese that every fixture is made of; each differs from the others."""

import itertools

PEOPLE = ("Rita", "Wei", "Ana", "Bo", "小伟", "安娜")
ENGLISH = (
    "{who} plays the cello in the town orchestra, season {n}",
    "{who} is allergic to peanuts, wasps and shelf number {n}",
    "{who} moved from Porto to Lisbon, house {n}, near the river",
    "{who} takes the night train number {n} to Vienna",
    "{who} keeps bees: hive {n} gave eleven jars of honey",
)
CHINESE = (
    "{who}每周四晚上六点上第{n}节大提琴课",
    "{who}对花生过敏，第{n}次去医院检查",
    "{who}从波尔图搬到了里斯本{n}号",
    "{who}养了第{n}箱蜜蜂，收了十一罐蜂蜜",
)


def sentences(count: int) -> list[str]:
    """That many sentences, every third one Chinese."""
    english, chinese, people = itertools.cycle(ENGLISH), itertools.cycle(CHINESE), itertools.cycle(PEOPLE)
    return [
        next(chinese if number % 3 == 2 else english).format(who=next(people), n=number)
        for number in range(1, count + 1)
    ]
