"""Recognises what a customer means by a few words, in English and Chinese.

Missing a call for a person is worse than hearing one too many, so that net is cast wide.
"""

import re
import unicodedata

LONGEST = 2000  # characters looked at: the wish stands at the beginning or is the whole message
LONGEST_CALL = 45  # letters: "I want to talk to a person please" says no more than that

_EN_PEOPLE = (
    r"(?:humans?|agents?|persons?|people|someone|somebody|operators?|representatives?|reps?"
    r"|advis[oe]rs?|assistants?|staff|colleagues?|employees?|managers?|supervisors?"
    r"|customer (?:service|support|care)|support team|team member|real one)"
)
_EN_ASK = (
    r"(?:talk|speak|chat|connect|transfer|put me|pass me|get|reach|contact|need|want|give"
    r"|like|find|call|ask|prefer|switch|hand|is there|are there|can i (?:have|see))"
)
_ZH_PEOPLE = r"(?:客服|客服人员|真人|活人|坐席|座席|专员|经理|主管|工作人员|接线员|负责人)"
_ZH_ASK = r"(?:转|轉|找|接|联系|聯繫|联络|呼叫|要|换|叫|请|請|给|給|想|有没有|有|跟|和|需)"

_HUMAN = [
    # The word itself, wherever it stands, unless it is part of another word.
    r"\bhumans?\b(?! (?:error|hair|being|rights|resources|body|made))",
    r"(?:人工|真人|活人)(?!智能|智慧|费|費|成本|湖|草|合成|降|制|製|头发)",
    rf"\b{_EN_ASK}\b.{{0,30}}\b{_EN_PEOPLE}\b",
    rf"{_ZH_ASK}.{{0,8}}{_ZH_PEOPLE}",
    r"\b(?:no|not an?|stop|hate|without) (?:ro)?(?:bots?|machines?)\b",
    r"(?:不要|不想|别).{0,4}机器人",
]
_HUMAN_ALONE = re.compile(rf"(?:\w+ ){{0,2}}{_EN_PEOPLE}(?: \w+){{0,2}}|.{{0,4}}客服.{{0,4}}")
_HUMAN_ANYWHERE = re.compile("|".join(_HUMAN))

_COMPLAINT = re.compile(
    r"\b(?:complain(?:t|ts|ing|ed)?|grievance)\b|投诉|投訴|抱怨|举报|舉報|索赔|维权"
)
_NO_COMPLAINT = re.compile(
    r"\b(?:no|not|without|never|nothing to) (?:a )?complain|(?:不|没有?)投诉"
)
_COMPLAINT_ONLY = re.compile(
    r"(?:i|we|want|would|like|need|to|have|wish|file|make|lodge|raise|submit|a|an|the|my|d|please"
    r"|complain|complaint|complaints|grievance|hello|hi|about|something|\W)+"
    r"|(?:你好|您好|我们?|想|要|需要|请|有|个|一下|投诉|投訴|抱怨|举报|進行|进行|一个|问题|啊|吧|了|\W)+"
)

_GREETS = re.compile(
    r"(?:hi|hello|hey|hiya)(?: there| 你好)?|good (?:morning|afternoon|evening)"
    r"|start(?: .*)?|help|menu|test"
    r"|[你您]好[啊呀]?|嗨|哈喽|在[吗么]|在不在|有人吗|早上好|下午好|晚上好|菜单|帮助|测试"
)
_GOES_BACK = re.compile("(?:go )?back|previous|返回(?:上一步)?|上一步|后退|回去")
_CANCELS = re.compile(
    "cancel(?: it| this| complaint)?|stop|quit|exit|abort|never ?mind|forget it"
    "|取消(?:投诉)?|算了|退出|不用了|不投诉了|结束"
)
_SKIPS = re.compile(
    "skip|no|none|nope|n/a|na|no (?:order|number)|i have none"
    "|(?:i )?don'?t (?:have (?:one|it)|know)"
    "|跳过|没有?(?:订单号?)?|无|不知道|不清楚|不记得|忘了"
)
_HAS_WORDS = re.compile(r"\w")  # a wave or a thumb has none
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_HAN = re.compile("[㐀-鿿]")
_SPACED_HAN = re.compile(r"(?<=[㐀-鿿]) (?=[㐀-鿿])")


def plain(text: str) -> str:
    """Full-width, case, outer punctuation and repeated blanks make no difference."""
    folded = unicodedata.normalize("NFKC", text[:LONGEST]).casefold().replace("’", "'")
    words = " ".join(_INVISIBLE.sub("", folded).split())
    return _SPACED_HAN.sub("", words).strip(" .,!?;:~-/。，！？；：、…'\"()*")


def asks_for_human(text: str) -> bool:
    words = plain(text)
    if _HUMAN_ANYWHERE.search(words):
        return True
    return bool(_HUMAN_ALONE.fullmatch(words))


def says_more_than_a_call(text: str) -> bool:
    """Whether it tells what the matter is, too; a Chinese character counts as three letters."""
    words = plain(text)
    return len(words) + 2 * len(_HAN.findall(words)) > LONGEST_CALL


def complains(text: str) -> bool:
    words = plain(text)
    return bool(_COMPLAINT.search(words)) and not _NO_COMPLAINT.search(words)


def says_only_that_there_is_a_complaint(text: str) -> bool:
    return bool(_COMPLAINT_ONLY.fullmatch(plain(text)[:200]))


def greets(text: str) -> bool:
    words = plain(text)
    return not _HAS_WORDS.search(words) or bool(_GREETS.fullmatch(words))


def goes_back(text: str) -> bool:
    return bool(_GOES_BACK.fullmatch(plain(text)))


def cancels(text: str) -> bool:
    return bool(_CANCELS.fullmatch(plain(text)))


def skips(text: str) -> bool:
    return bool(_SKIPS.fullmatch(plain(text)))
