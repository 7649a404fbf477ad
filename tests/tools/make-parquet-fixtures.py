"""Writes the Parquet files of tests/fixtures that only another writer makes: pip install pyarrow==26.0.1, then run this.

types.parquet            types that DuckDB doesn't write, with the Arrow schema that Python and Polars leave in the footer
int96.parquet            timestamps as Spark wrote them by default until 3.0, outside the range of nanoseconds too
bad/encrypted.parquet    encrypted, footer included
bad/renamed-parquet.csv  whole, under the wrong name; bad/truncated.parquet is its first two thirds
"""

import base64
import datetime as dt
import decimal
import pathlib
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

folder = pathlib.Path(__file__).parent.parent / "fixtures"
at = dt.datetime(2024, 1, 1, 0, 0, 0, 123456)

types = {
    "half": pa.array([1.5, None, float("nan")], pa.float16()),
    "small_decimal": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-0.01")], pa.decimal32(5, 2)),
    "large_decimal": pa.array([decimal.Decimal("-1234567890123456789012345678901234567890.12"), None, decimal.Decimal("0.5")], pa.decimal256(50, 2)),
    "nanoseconds": pa.array([at, None, dt.datetime(1969, 12, 31, 23, 59, 59, 999999)], pa.timestamp("ns")),
    "zoned": pa.array([at, None, at], pa.timestamp("ms", tz="Europe/Berlin")),
    "day": pa.array([dt.date(2024, 1, 1), None, dt.date(1, 1, 1)], pa.date64()),
    "clock": pa.array([dt.time(1, 2, 3, 4), None, dt.time(0)], pa.time64("ns")),
    "dictionary": pa.array(["a", None, "b"]).dictionary_encode(),
    "large_text": pa.array(["a", None, "é"], pa.large_string()),
    "text_view": pa.array(["a", None, "longer than twelve bytes"], pa.string_view()),
    "large_list": pa.array([[at], None, []], pa.large_list(pa.timestamp("ns"))),
    "fixed_list": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2)),
    "map": pa.array([[("k", at)], None, []], pa.map_(pa.string(), pa.timestamp("ms"))),
    "struct": pa.array([{"a": at, "b": [1.5]}, None, {"a": None, "b": None}], pa.struct({"a": pa.timestamp("ns"), "b": pa.list_(pa.float16())})),
    "id": pa.array([uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11").bytes, None, bytes(16)], pa.uuid()),
    "json": pa.array(['{"a":1}', None, "[]"], pa.json_()),
    "bytes": pa.array([b"abcd", None, b"\x00\xff\x01\x02"], pa.binary(4)),
    "nothing": pa.nulls(3),
}
pq.write_table(pa.table(types), folder / "types.parquet")

days = [at, None, dt.datetime(9999, 12, 31, 23, 59, 59, 999999), dt.datetime(1, 1, 1)]
pq.write_table(pa.table({"at": pa.array(days, pa.timestamp("us"))}), folder / "int96.parquet", use_deprecated_int96_timestamps=True, store_schema=False)


class Plain(pe.KmsClient):
    """Keys wrapped by nothing: enough to write an encrypted file."""

    def __init__(self, _config):
        pe.KmsClient.__init__(self)

    def wrap_key(self, key_bytes, _master):
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped, _master):
        return base64.b64decode(wrapped)


properties = pe.CryptoFactory(Plain).file_encryption_properties(pe.KmsConnectionConfig(), pe.EncryptionConfiguration(footer_key="footer", column_keys={"column": ["v"]}))
with pq.ParquetWriter(folder / "bad" / "encrypted.parquet", pa.schema([("v", pa.int32())]), encryption_properties=properties) as writer:
    writer.write_table(pa.table({"v": pa.array([1, 2, 3], pa.int32())}))

small = pa.table({"id": pa.array([1, 2, 3], pa.int32()), "name": ["one", "two", None]})
pq.write_table(small, folder / "bad" / "renamed-parquet.csv")
whole = (folder / "bad" / "renamed-parquet.csv").read_bytes()
(folder / "bad" / "truncated.parquet").write_bytes(whole[: len(whole) * 2 // 3])
