"""Rows in the one form in which engines are compared; `canonical` in browser.mjs gives the same.

A row is a list of its values in the order of the columns. NULL is null, a boolean is itself, and everything else is text:
integers and decimals with all their digits (`-5`, `12.30`); floating point as JavaScript writes the same double (`0.1`,
`1e+21`, `NaN`, `-Infinity`, `-0`); dates `2024-02-29`; timestamps `2024-02-29T12:34:56.789012` in UTC, as many digits of
the fraction as are not zero; binary in lower-case hexadecimal. A list is a list; a struct is an object by field, a map one
by the key's own canonical text. The order of rows says nothing, so they are sorted where they are compared.
"""
from datetime import date, datetime, timedelta
import math

import pyarrow as pa
import pyarrow.types as kind


def rows(table):
    columns = [values(column) for column in table.columns]
    return [list(row) for row in zip(*columns)] if columns else [[] for _ in range(table.num_rows)]


def values(column):
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        return [value for chunk in array.chunks for value in values(chunk)]
    type = array.type
    if kind.is_null(type) or kind.is_boolean(type):
        return array.to_pylist()
    if kind.is_dictionary(type):
        return values(array.dictionary_decode())
    if kind.is_struct(type):
        fields = {type.field(i).name: values(child) for i, child in enumerate(array.flatten())}
        return [{name: field[i] for name, field in fields.items()} if valid else None for i, valid in enumerate(validity(array))]
    if kind.is_map(type):
        keys, items = values(array.keys), values(array.items)
        return spans(array, lambda start, end: dict(zip(keys[start:end], items[start:end])))
    if kind.is_list(type) or kind.is_large_list(type):
        items = values(array.values)
        return spans(array, lambda start, end: items[start:end])
    if kind.is_timestamp(type):
        micros = array.cast(pa.timestamp('us', type.tz)).cast(pa.int64())
        return [None if n is None else timestamp(n) for n in micros.to_pylist()]
    if kind.is_date32(type):
        return [None if n is None else (date(1970, 1, 1) + timedelta(days=n)).isoformat() for n in array.cast(pa.int32()).to_pylist()]
    return [None if value is None else leaf(value) for value in array.to_pylist()]


def leaf(value):
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return double(value)
    return format(value, 'f') if hasattr(value, 'as_tuple') else str(value)


def timestamp(micros):
    text = (datetime(1970, 1, 1) + timedelta(microseconds=micros)).isoformat()
    return text.rstrip('0') if '.' in text else text


def double(value):
    """ECMAScript's Number::toString, with a sign for negative zero."""
    if math.isnan(value):
        return 'NaN'
    if math.isinf(value):
        return 'Infinity' if value > 0 else '-Infinity'
    sign = '-' if math.copysign(1, value) < 0 else ''
    digits, _, exponent = f'{abs(value)!r}'.partition('e')
    whole, _, fraction = digits.partition('.')
    all_digits = (whole + fraction).lstrip('0')
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(all_digits))
    shortest = all_digits.rstrip('0')
    if not shortest:
        return f'{sign}0'
    if len(shortest) <= point <= 21:
        return sign + shortest.ljust(point, '0')
    if 0 < point <= 21:
        return f'{sign}{shortest[:point]}.{shortest[point:]}'
    if -6 < point <= 0:
        return f'{sign}0.{"0" * -point}{shortest}'
    mantissa = shortest if len(shortest) == 1 else f'{shortest[0]}.{shortest[1:]}'
    return f'{sign}{mantissa}e{point - 1:+d}'


def spans(array, between):
    offsets = array.offsets.to_pylist()
    return [between(offsets[i], offsets[i + 1]) if valid else None for i, valid in enumerate(validity(array))]


def validity(array):
    return array.is_valid().to_pylist()
