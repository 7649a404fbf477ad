/** Sensor readings in nine columns of every common type, the same wherever DuckDB runs. @param {number} rows */
export const readingsSql = (
  rows,
) => `SELECT i AS id, 'S-' || (i % 50) AS sensor, TIMESTAMP '2024-01-01' + to_microseconds(i * 1000001) AS moment, DATE '2024-01-01' + (i // 86400)::INTEGER AS day,
  (hash(i) % 100000)::DOUBLE / 1000 AS temperature, (hash(i + 1) % 100000)::DOUBLE / 1000 AS humidity, (hash(i + 2) % 100000)::DOUBLE / 100 AS pressure,
  i % 3 = 0 AS calm, (i % 100)::INTEGER AS batch FROM range(${rows}) t(i)`;
