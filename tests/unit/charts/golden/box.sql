WITH source AS NOT MATERIALIZED (SELECT sensor_id::VARCHAR AS x, CASE WHEN isfinite(temperature) THEN temperature::DOUBLE END AS y FROM readings),
extent AS (SELECT count(*)::DOUBLE AS total, count(*) FILTER (WHERE x IS NOT NULL AND y IS NOT NULL)::DOUBLE AS used, min(x) FILTER (WHERE x IS NOT NULL AND y IS NOT NULL) AS lo, max(x) FILTER (WHERE x IS NOT NULL AND y IS NOT NULL) AS hi, approx_count_distinct(x) FILTER (WHERE x IS NOT NULL AND y IS NOT NULL) AS places FROM source),
groups AS (SELECT NULL::DOUBLE AS color_values, NULL::DOUBLE AS facet_values),
rows AS NOT MATERIALIZED (SELECT x, y, NULL::VARCHAR AS color, NULL::VARCHAR AS facet FROM source WHERE x IS NOT NULL AND y IS NOT NULL),
x_kept AS (SELECT x AS value FROM rows GROUP BY value ORDER BY count(*) DESC NULLS LAST, value LIMIT 24),
placed AS NOT MATERIALIZED (SELECT facet, coalesce(x_kept.value, '(other)') AS x, y FROM rows LEFT JOIN x_kept ON rows.x = x_kept.value),
quartiles AS (SELECT facet, x, q[1] AS q1, q[2] AS median, q[3] AS q3, q[1] - 1.5 * (q[3] - q[1]) AS below, q[3] + 1.5 * (q[3] - q[1]) AS above FROM (SELECT facet, x, quantile_cont(y, [0.25, 0.5, 0.75]) AS q FROM placed GROUP BY ALL)),
boxes AS (SELECT quartiles.facet, quartiles.x, q1, median, q3, min(y) FILTER (WHERE y >= below) AS low, max(y) FILTER (WHERE y <= above) AS high, count(*)::DOUBLE AS n, count(*) FILTER (WHERE y < below OR y > above)::DOUBLE AS outliers, list_concat(min(y, 20) FILTER (WHERE y < below), max(y, 20) FILTER (WHERE y > above)) AS far FROM placed JOIN quartiles ON placed.x = quartiles.x AND placed.facet IS NOT DISTINCT FROM quartiles.facet GROUP BY ALL),
spread AS (SELECT facet, NULL::VARCHAR AS color, x, NULL::DOUBLE AS x1, low, q1, median, q3, high, n, outliers, far FROM boxes),
points AS (SELECT facet, color, x, x1, low, q1, median, q3, high, n, outliers, NULL::DOUBLE AS y FROM spread
UNION ALL SELECT facet, color, x, x1, low, q1, median, q3, high, n, outliers, unnest(far) AS y FROM spread)
SELECT total, used, NULL::DOUBLE AS step, color_values, facet_values, (SELECT count(DISTINCT x) FROM rows)::DOUBLE AS x_values, points.*
FROM extent CROSS JOIN groups LEFT JOIN points ON true
ORDER BY facet, x, y NULLS FIRST
