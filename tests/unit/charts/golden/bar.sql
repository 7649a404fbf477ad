WITH source AS NOT MATERIALIZED (SELECT sensor_id::VARCHAR AS x, CASE WHEN isfinite(temperature) THEN temperature::DOUBLE END AS y0 FROM readings),
extent AS (SELECT count(*)::DOUBLE AS total, count(*) FILTER (WHERE x IS NOT NULL AND (y0 IS NOT NULL))::DOUBLE AS used FROM source),
groups AS (SELECT NULL::DOUBLE AS color_values, NULL::DOUBLE AS facet_values),
rows AS NOT MATERIALIZED (SELECT x, y0, NULL::VARCHAR AS color, NULL::VARCHAR AS facet FROM source WHERE x IS NOT NULL AND (y0 IS NOT NULL)),
x_kept AS (SELECT x AS value FROM rows GROUP BY value ORDER BY avg(y0) DESC NULLS LAST, value LIMIT 50),
bars AS (SELECT facet, color, coalesce(x_kept.value, '(other)') AS x, avg(y0) AS y0 FROM rows LEFT JOIN x_kept ON rows.x = x_kept.value GROUP BY ALL),
points AS (SELECT facet, color AS color, x, NULL::DOUBLE AS x1, y0 AS y FROM bars)
SELECT total, used, NULL::DOUBLE AS step, color_values, facet_values, (SELECT count(DISTINCT x) FROM rows)::DOUBLE AS x_values, points.*
FROM extent CROSS JOIN groups LEFT JOIN points ON true
ORDER BY facet, x, color
