"""The Huber loss by slice, by hand-written DuckDB SQL: one GROUP BY. Run as `slices_by_sql.py FILE COLUMN OUTPUT`.

The figures are those that `lossctl eval --by` needs of the rows: the value, its standard error, the gradient. Written
as CSV, a line a slice, for 100,000 lines take long to print by hand. Imports DuckDB.
"""

import sys

import duckdb

QUERY = """
copy (
    select
        {by} as slice,
        count(*) as n,
        avg(l) as value,
        sqrt(greatest(sum(l * l) - count(*) * avg(l) * avg(l), 0) / (count(*) - 1) / count(*)) as std_error,
        sum(abs(s)) / count(*) as l1,
        sqrt(sum(s * s)) / count(*) as l2,
        sum(s) / count(*) as mean,
        avg(abs(s)) as row_mean_abs,
        max(abs(s)) as row_max,
        count_if(s = 0) / count(*) as zero_share,
        (count_if(s > 0) - count_if(s < 0)) / count(*) as sign_balance
    from (
        select {by}, case when abs(r) < 1 then r * r / 2 else abs(r) - 0.5 end as l, greatest(least(r, 1), -1) as s
        from (select {by}, prediction - target as r from '{file}')
    )
    group by {by}
) to '{output}' (format csv, header)
"""


def main(file: str, by: str, output: str) -> None:
    """Run the query."""
    duckdb.execute(QUERY.format(file=file, by=by, output=output))


if __name__ == "__main__":
    main(*sys.argv[1:])
