"""Working time of a calendar, by a walk over local days.

Written from the public words about calendars (docs/API.md, docs/EVENTS.md, docs/adr/0039), not from the product's code:

- An open window lasts from the first instant at which the local clock has reached its start to the last instant before
  it reads its end.
- A holiday closes its local day from midnight to midnight, and cuts what reaches into it.
- Between these, time is elapsed time.

Instants are milliseconds of universal time since 1970. Local times are datetimes without a zone.
"""

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_S = 86_400
EPOCH = datetime(1970, 1, 1)
ONE_DAY = timedelta(days=1)
# A window lasts a week at most, so that one which is open on a day began on it or in the seven days before.
LONGEST_WINDOW_DAYS = 7
# Twenty years without enough open time: the deadline never comes.
HORIZON_DAYS = 20 * 366


def instant(text):
    """The instant that a text of RFC 3339 names."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc).replace(tzinfo=None)
    return (moment - EPOCH) // timedelta(milliseconds=1)


def text(instant_ms):
    """An instant for people to read."""
    if instant_ms is None:
        return None
    return (EPOCH + timedelta(milliseconds=instant_ms)).isoformat(timespec="milliseconds") + "Z"


class LocalClock:
    """What the clocks on the walls of a zone read."""

    def __init__(self, zone):
        self.zone = ZoneInfo(zone)

    def date_at(self, instant_ms):
        moment = datetime.fromtimestamp(instant_ms // 1000, timezone.utc)
        return moment.astimezone(self.zone).date()

    def first_reached(self, local):
        """The first instant at which the clock reads `local` or, where it is skipped, more."""
        return self._instant(local, fold=0)

    def last_read(self, local):
        """The last instant at which the clock reads `local` or, where it is skipped, the instant of the skip."""
        return self._instant(local, fold=1)

    def _instant(self, local, fold):
        seconds = self._seconds(local, fold)
        read = datetime.fromtimestamp(seconds, timezone.utc).astimezone(self.zone).replace(tzinfo=None)
        if read == local:
            return seconds * 1000
        return self._skip(self._seconds(local, fold=1), self._seconds(local, fold=0)) * 1000

    def _seconds(self, local, fold):
        offset = local.replace(tzinfo=self.zone, fold=fold).utcoffset()
        return (local - EPOCH - offset) // timedelta(seconds=1)

    def _skip(self, before, after):
        """The second at which the clock is set forward, which lies after `before` and not after `after`."""
        offset = self._offset(before)
        while after - before > 1:
            middle = (before + after) // 2
            if self._offset(middle) == offset:
                before = middle
            else:
                after = middle
        return after

    def _offset(self, seconds):
        return datetime.fromtimestamp(seconds, timezone.utc).astimezone(self.zone).utcoffset()


class Calendar:
    """A version of a calendar."""

    def __init__(self, definition):
        self.clock = LocalClock(definition["zone"])
        self.windows_of_weekday = [[] for _ in range(7)]
        for window in definition["weekly"]:
            day, start_s = divmod(window["start_s"], DAY_S)
            self.windows_of_weekday[day].append((start_s, window["end_s"] - window["start_s"]))
        self.holidays = definition.get("holidays", [])
        self.open_on = lru_cache(maxsize=None)(self._open_on)
        self.windows_from = lru_cache(maxsize=None)(self._windows_from)

    def working(self, start_ms, end_ms):
        """How much of the time between two instants is open."""
        if end_ms <= start_ms:
            return 0
        return sum(
            min(closes, end_ms) - max(opens, start_ms)
            for opens, closes in self._open_from(start_ms, until_ms=end_ms)
            if closes > start_ms and opens < end_ms
        )

    def after(self, start_ms, work_ms):
        """The first instant by which so much open time has passed, or none."""
        if work_ms <= 0:
            return start_ms
        for opens, closes in self._open_from(start_ms, until_ms=None):
            opens = max(opens, start_ms)
            if closes <= opens:
                continue
            if closes - opens >= work_ms:
                return opens + work_ms
            work_ms -= closes - opens
        return None

    def _open_from(self, start_ms, until_ms):
        """What is open in the days around `start_ms` and after it, in order."""
        day = self.clock.date_at(start_ms) - ONE_DAY
        last = day + timedelta(days=HORIZON_DAYS) if until_ms is None else self.clock.date_at(until_ms) + ONE_DAY
        while day <= last:
            yield from self.open_on(day)
            day += ONE_DAY

    def _open_on(self, day):
        """What is open on a local day: every window that reaches into it, each instant once."""
        if self.is_holiday(day):
            return []
        begins = self.clock.first_reached(midnight(day))
        ends = self.clock.first_reached(midnight(day + ONE_DAY))
        windows = []
        for days_before in range(LONGEST_WINDOW_DAYS + 1):
            for opens, closes in self.windows_from(day - timedelta(days=days_before)):
                windows.append((max(opens, begins), min(closes, ends)))
        return union(windows)

    def _windows_from(self, day):
        """The windows that begin on a local day, whole."""
        begun = []
        for start_s, length_s in self.windows_of_weekday[day.weekday()]:
            start = midnight(day) + timedelta(seconds=start_s)
            end = start + timedelta(seconds=length_s)
            begun.append((self.clock.first_reached(start), self.clock.last_read(end)))
        return begun

    def is_holiday(self, day):
        return any(falls_on(holiday, day) for holiday in self.holidays)


def midnight(day):
    return datetime(day.year, day.month, day.day)


def falls_on(holiday, day):
    if holiday["kind"] == "date":
        return date.fromisoformat(holiday["date"]) == day
    if holiday["kind"] == "yearly":
        return (holiday["month"], holiday["day"]) == (day.month, day.day)
    return date.fromisoformat(holiday["from"]) <= day <= date.fromisoformat(holiday["to"])


def union(windows):
    """The same time, without what is empty or said twice, in order."""
    merged = []
    for opens, closes in sorted(windows):
        if closes <= opens:
            continue
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return merged


class AllTime:
    """What counts where no calendar does."""

    def working(self, start_ms, end_ms):
        return max(0, end_ms - start_ms)

    def after(self, start_ms, work_ms):
        return start_ms + max(0, work_ms)
