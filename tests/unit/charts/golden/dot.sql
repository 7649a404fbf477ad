WITH source AS NOT MATERIALIZED (SELECT row_number() OVER () AS "row", CASE WHEN isfinite(temperature) THEN temperature::DOUBLE END AS x, CASE WHEN isfinite(humidity) THEN humidity::DOUBLE END AS y0, coalesce(sensor_id::VARCHAR, '(no value)') AS color FROM readings),
extent AS (SELECT count(*)::DOUBLE AS total, count(*) FILTER (WHERE x IS NOT NULL AND (y0 IS NOT NULL))::DOUBLE AS used FROM source),
color_counts AS (SELECT color AS value, count(*) AS n FROM source WHERE x IS NOT NULL AND (y0 IS NOT NULL) GROUP BY value),
color_kept AS (SELECT value FROM color_counts ORDER BY n DESC, value LIMIT 12),
groups AS (SELECT (SELECT count(*) FROM color_counts)::DOUBLE AS color_values, NULL::DOUBLE AS facet_values),
rows AS NOT MATERIALIZED (SELECT "row", x, y0, coalesce(color_kept.value, '(other)') AS color, NULL::VARCHAR AS facet FROM source LEFT JOIN color_kept ON source.color = color_kept.value WHERE x IS NOT NULL AND (y0 IS NOT NULL)),
sample AS (SELECT rows.* FROM rows, extent WHERE extent.used <= 12000 OR hash(rows.row) % 1000000 < 11520000000::DOUBLE / extent.used LIMIT 12000),
points AS (SELECT facet, color AS color, x, y0 AS y FROM sample WHERE y0 IS NOT NULL)
SELECT total, used, NULL::DOUBLE AS step, color_values, facet_values, NULL::DOUBLE AS x_values, points.*
FROM extent CROSS JOIN groups LEFT JOIN points ON true
ORDER BY facet, color, x, y
