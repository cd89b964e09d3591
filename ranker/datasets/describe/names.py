"""What the name of a column tells: the habits of those who write logs."""

import keyword
import re
from collections.abc import Iterable

USER, ITEM, REQUEST, TIME = "user", "item", "request", "time"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ID = _set("id ids key hash hashed idx index no nr number num uuid guid pk code sk name anonymous")
_ENTITIES = {
    USER: _set(
        "uid userid user users visitor visitorid fullvisitor customer customerid cust member "
        "memberid viewer reader reviewer account buyer client person player subscriber listener "
        "msno guid cookie profile passenger rider guest citizen patient student"
    ),
    ITEM: _set(
        "sku skuid item itemid items pid iid aid vid gid mid product productid prod article video "
        "videoid movie movieid film song track game gamename app appid ad adid advert creative "
        "doc docid document listing asin isbn book bookid news newsid post photo clothing goods "
        "good offer hotel property recipe job content contentid artist restaurant business "
        "material poi story anime show episode podcast course"
    ),
    REQUEST: _set(
        "request requestid req session sessionid sess query queryid qid search searchid srch slate "
        "impression impressionid imp pageview visit auction trace page view exposure rid"
    ),
}
_TIMES = _set(
    "ts time times timestamp datetime date dt day when moment at epoch unixtime unix utc ms sec "
    "seconds s us ns millis"
)
_OTHER_TIMES = _set(
    "created create creation birth born birthday dob release released publish published updated "
    "update modified click clicked conversion purchase purchased registered registration signup "
    "join joined expire expires expiry end first last prev previous since install ordered "
    "delivery shipped"
)
_EVENTS = _set(
    "click clicked clicks clk purchase purchased purchases buy bought convert converted "
    "conversion conversions order ordered orders cart addtocart atc like liked likes dislike "
    "disliked follow followed share shared shares forward comment commented comments favorite "
    "favourite fav favorited bookmark saved save install installed installs download downloaded "
    "signup subscribe subscribed recommended recommend recommends label labels target y response "
    "outcome engaged engagement watched finished finish complete completed completion skip "
    "skipped reply replied retweet open opened returned booked booking applied apply upvote "
    "upvotes upvoted downvote helpful vote votes feedback hate longview playback played pay paid "
    "attributed clickbuy"
)
_AROUND_EVENTS = _set(
    "is has did was flag ind indicator label target add to in into the event count cnt num n "
    "number positive negative total any long view effective valid 0 1 2 3 10 30 min rate"
)
_COUNTS = _set("count cnt num n number total feedback votes upvotes")
_DURATION = _set(
    "dwell watch watched watching playtime play played playing listen listened read reading view "
    "viewing stay spent engagement session visit consumption forever"
)
_UNITS = _set(
    "time ms msec millis milliseconds sec secs s second seconds minute minutes min mins m hour "
    "hours h duration length ratio percent pct total on page site in"
)
_PAGES = _set("page site")
_RATINGS = _set("rating ratings rate stars star score overall review grade user my")
_MONEY = _set("revenue gmv payment paid profit ltv spend sales turnover")
_AROUND_MONEY = _set("usd eur chf gbp cents total net gross amount order value")
_EVENT_COLUMNS = _set("event action behavior behaviour interaction activity")
_AROUND_EVENT_COLUMNS = _set("type name kind")
_CATEGORIES = _set(
    "category cat type class brand genre zip zipcode postcode code region city country language "
    "lang os device browser version segment cluster bucket gender sex department division cate "
    "channel tab level month weekday dow hour"
)
_POSITIONS = _set("position pos rank slot positions")
_PROPENSITIES = _set("propensity pscore")

# The words of what somebody did, where a column tells it for each row; the first are the least.
_SHOWN = _set("view pv impression impressions show shown exposure visit browse page_view seen")
_DONE = _set(
    "click purchase buy transaction addtocart add_to_cart cart fav like play share follow order "
    "comment install download favorite wishlist checkout remove_from_cart clickout rate skip "
    "watch complete conversion bookmark save"
)


def tokens(name: str) -> list[str]:
    """Returns the words of a name, in lower case: "isClick_30s" is is, click, 30, s."""
    return [word.lower() for word in _WORD.findall(name)]


def is_entity(role: str, name: str) -> int:
    """Returns how much a name is that of a user, an item or a request: 0 for not at all, to 3."""
    words = tokens(name)
    of_role = [word for word in words if word in _ENTITIES[role]]
    others = [word for word in words if word not in _ENTITIES[role]]
    if not of_role or not set(others) <= _ID:
        return 0
    return 3 if len(words) == 1 or {"id", "uuid", "key"} & set(others) else 2


def is_time(name: str) -> int:
    """Returns how much a name is that of a row's time: 0 for not at all, 1 for another's, to 3."""
    words = tokens(name)
    if not set(words) & _TIMES:
        return 0
    if set(words) & _OTHER_TIMES:
        return 1
    return 3 if len(words) <= 2 else 2


def is_id(name: str) -> bool:
    """Returns whether a name says that values are ids: seller_id, zip."""
    words = tokens(name)
    return bool(words) and (words[-1] in {"id", "ids", "uuid", "guid", "hash", "key", "code", "pk"}
                            or any(is_entity(role, name) for role in (USER, ITEM)))  # fmt: skip


def is_category(name: str) -> bool:
    """Returns whether a name says that whole numbers stand for kinds: category, brand, region."""
    return bool(set(tokens(name)) & _CATEGORIES)


def is_event(name: str) -> bool:
    """Returns whether a name is of what happened after a row was shown: click, is_like."""
    words = set(tokens(name))
    return bool(words & _EVENTS) and words <= _EVENTS | _AROUND_EVENTS


def is_count(name: str) -> bool:
    """Returns whether a name of an event says that it is counted: positive_feedback_count."""
    return bool(set(tokens(name)) & _COUNTS)


def is_duration(name: str) -> bool:
    """Returns whether a name is of how long something lasted after a row was shown."""
    words = set(tokens(name))
    is_spent = "on" in words and bool(words & _PAGES) and bool(words - _PAGES - {"on", "in"})
    is_named = is_spent or bool(words & _DURATION and words & _UNITS)
    is_named = is_named and words <= _DURATION | _UNITS
    return is_named or words in ({"dwell"}, {"playtime"}, {"hours"})


def is_rating(name: str) -> bool:
    """Returns whether a name is of what somebody thought of an item: stars, rating."""
    words = set(tokens(name))
    return bool(words & (_RATINGS - {"user", "my", "review", "rate"})) and words <= _RATINGS


def is_money(name: str) -> bool:
    """Returns whether a name is of what a row brought in: revenue, gmv."""
    words = set(tokens(name))
    return bool(words & _MONEY) and words <= _MONEY | _AROUND_MONEY


def is_event_column(name: str, values: Iterable[str]) -> bool:
    """Returns whether a column says which of several things happened: event = view, cart."""
    words = set(tokens(name))
    found = {value.lower() for value in values}
    is_named = bool(words & _EVENT_COLUMNS) and words <= _EVENT_COLUMNS | _AROUND_EVENT_COLUMNS
    known = len(found & (_SHOWN | _DONE)) * bool(found & _DONE)
    return (known >= 2 and known * 2 >= len(found)) or (is_named and known >= 1)


def is_least_event(value: str) -> bool:
    """Returns whether a word is of what was only shown or seen."""
    return value.lower() in _SHOWN


def is_position(name: str) -> bool:
    """Returns whether a name is of the place at which a row was shown."""
    words = set(tokens(name))
    return bool(words & _POSITIONS) and words <= _POSITIONS | {"item", "in", "list", "page", "ad"}


def is_propensity(name: str) -> bool:
    """Returns whether a name is of the probability with which a row was shown."""
    return bool(set(tokens(name)) & _PROPENSITIES)


def expression(name: str) -> str:
    """Returns a column's name as expressions have it; "" if they cannot name it."""
    if name.isascii() and name.isidentifier() and not keyword.iskeyword(name):
        return name
    return "" if "`" in name or not name or len(name) > 500 else f"`{name}`"
