"""What a condition may hold: functions, operators and types whose value is that of the row and of nothing else.

A condition may come from anyone who opens a pull request, so this is a list of what is allowed: a function that DuckDB
adds is refused until it stands here. Each of these gives the same value for the same row, on every day and machine,
takes time and memory in proportion to the values it is given, and reaches no file, setting, sequence or clock.
Imports the standard library; loaded where there is a condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["COLLATIONS", "FUNCTIONS", "INSTEAD", "NODES", "OPERATORS", "TEXT_MAKERS", "TYPES"]

NODES = frozenset(
    """
    BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION LAMBDA OPERATOR TYPE
    """.split()  # noqa: SIM905 -- as below
)
"""Classes of nodes of a parsed condition; a LAMBDA is allowed as ``column -> 'field'`` alone."""
OPERATORS = frozenset(
    """
    COMPARE_IN COMPARE_NOT_IN OPERATOR_NOT OPERATOR_IS_NULL OPERATOR_IS_NOT_NULL OPERATOR_COALESCE ARRAY_EXTRACT
    ARRAY_SLICE ARRAY_CONSTRUCTOR STRUCT_EXTRACT
    """.split()  # noqa: SIM905 -- as below
)
COLLATIONS = frozenset(("nocase", "noaccent", "nfc"))
TYPES = frozenset(
    """
    boolean bool logical tinyint smallint integer int bigint hugeint utinyint usmallint uinteger ubigint uhugeint
    int1 int2 int4 int8 signed short long float real double decimal numeric dec float4 float8
    varchar text string char bpchar uuid json date time timestamp datetime timestamp_s timestamp_ms timestamp_us
    timestamp_ns timestamptz interval list struct map
    """.split()  # noqa: SIM905 -- a list literal would fill a page
) | {"timestamp with time zone", "time with time zone", "double precision"}
"""Types that a value may be cast to: none that is looked up by name, none of a written size."""
_SIGNS = "+ - * / // % ** ^ & | << >> ~ @ || ^@ && <@ @> ->> ~~ !~~ ~~* !~~* ~~~"
_NUMBERS = """
    abs sign ceil ceiling floor round round_even roundbankers trunc sqrt cbrt exp ln log log10 log2 pow power mod fmod
    fdiv divide add subtract multiply greatest least isnan isinf isfinite even signbit pi degrees radians sin cos tan
    asin acos atan atan2 cot sinh cosh tanh asinh acosh atanh gamma lgamma gcd lcm greatest_common_divisor
    least_common_multiple bit_count xor nullif if
"""
_TEXTS = """
    lower upper lcase ucase length len strlen char_length character_length length_grapheme bit_length contains
    starts_with ends_with prefix suffix regexp_matches regexp_full_match regexp_extract regexp_replace substring substr
    left right trim ltrim rtrim replace concat concat_ws split_part string_split str_split string_to_array split strpos
    instr position like_escape ilike_escape not_like_escape not_ilike_escape reverse ascii ord unicode chr translate
    strip_accents nfc_normalize md5 md5_number md5_number_lower md5_number_upper sha1 sha256 strptime try_strptime
    strftime
"""
_TIMES = """
    date_trunc datetrunc date_part datepart date_diff datediff date_sub datesub date_add year quarter month week day
    hour minute second millisecond microsecond nanosecond weekday weekofyear yearweek isodow isoyear dayofweek
    dayofmonth dayofyear dayname monthname decade century millennium era julian epoch epoch_ms epoch_us epoch_ns
    last_day days_in_month make_date make_time make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz
    to_timestamp to_microseconds to_milliseconds to_seconds to_minutes to_hours to_days to_weeks to_months to_quarters
    to_years to_decades to_centuries to_millennia time_bucket timezone
"""
_PARTS = """
    list_contains array_contains list_has array_has list_has_any array_has_any list_has_all array_has_all list_position
    array_position list_indexof array_indexof list_value list_pack list_extract list_element array_extract array_length
    list_min list_max list_sum list_avg struct_extract struct_extract_at struct_pack row map_contains map_extract
    map_extract_value element_at map_keys map_values cardinality json_extract json_extract_string json_extract_path
    json_extract_path_text json_array_length json_type json_valid json_exists json_contains
"""
FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        name: kind
        for kind, names in (
            ("operators", _SIGNS),
            ("numbers", _NUMBERS),
            ("texts", _TEXTS),
            ("dates and times", _TIMES),
            ("lists and fields", _PARTS),
        )
        for name in names.split()
    }
)
"""Every function that a condition may call, and what it is of."""
TEXT_MAKERS = frozenset(
    """
    || lower upper lcase ucase regexp_extract regexp_replace substring substr left right trim ltrim rtrim replace
    concat concat_ws split_part string_split str_split string_to_array split reverse translate strip_accents
    nfc_normalize strftime list_value list_pack struct_pack row map_keys map_values json_extract json_extract_string
    json_extract_path json_extract_path_text ->> list_extract list_element array_extract struct_extract
    """.split()  # noqa: SIM905 -- a list literal would fill a page
)
"""Functions whose value holds a copy of what they are given: together they may make only so many (see `where`)."""
_NOW = "write the day: date '2026-01-31'"
_LOOK = "list_contains(column, value), list_max(column)"
_COMPARE = "compare with =, in, like or regexp_matches"
_CHOOSE = "to take a share of the rows: md5_number(id) % 10 = 0"
INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("now", "today", "current_date", "current_timestamp", "get_current_timestamp"), _NOW),
        **dict.fromkeys(("transaction_timestamp", "current_time", "get_current_time", "current_localtime"), _NOW),
        "age": "date_diff('day', a, b) counts days; a - b is an interval",
        "ago": _NOW,
        **dict.fromkeys(("random", "hash", "uuid", "gen_random_uuid", "setseed"), _CHOOSE),
        "typeof": "compare the value itself",
        "unnest": "list_contains(column, value) looks into a list",
        **dict.fromkeys(("list_filter", "list_transform", "list_apply"), _LOOK),
        **dict.fromkeys(("levenshtein", "damerau_levenshtein", "editdist3"), _COMPARE),
        **dict.fromkeys(("repeat", "lpad", "rpad", "printf", "format"), "write the text itself"),
    }
)
"""What to write in place of functions that are often wanted."""
