WITH source AS NOT MATERIALIZED (SELECT CASE WHEN isfinite(temperature) THEN temperature::DOUBLE END AS x FROM readings),
extent AS (SELECT count(*)::DOUBLE AS total, count(*) FILTER (WHERE x IS NOT NULL)::DOUBLE AS used, min(x) FILTER (WHERE x IS NOT NULL) AS lo, max(x) FILTER (WHERE x IS NOT NULL) AS hi, approx_count_distinct(x) FILTER (WHERE x IS NOT NULL) AS places FROM source),
groups AS (SELECT NULL::DOUBLE AS color_values, NULL::DOUBLE AS facet_values),
rows AS NOT MATERIALIZED (SELECT x, NULL::VARCHAR AS color, NULL::VARCHAR AS facet FROM source WHERE x IS NOT NULL),
x_step AS (SELECT greatest(coalesce(CASE WHEN raw < 1.4 * p THEN p WHEN raw < 3.2 * p THEN 2 * p WHEN raw < 7.1 * p THEN 5 * p ELSE 10 * p END, 1)) AS width FROM (SELECT raw, places, power(10, floor(log10(nullif(raw, 0)))) AS p FROM (SELECT hi / (SELECT greatest(8, least(40, ceil(2 * cbrt(used)))) FROM extent) - lo / (SELECT greatest(8, least(40, ceil(2 * cbrt(used)))) FROM extent) AS raw, places FROM extent))),
bins AS (SELECT facet, color, CASE WHEN x_step.width < 1 THEN (floor(x / x_step.width + 1e-9)) / round(1 / x_step.width) ELSE (floor(x / x_step.width + 1e-9)) * x_step.width END AS x, count(*)::DOUBLE AS y FROM rows, x_step GROUP BY ALL),
points AS (SELECT facet, color, x, CASE WHEN x_step.width < 1 THEN (round(x / x_step.width) + 1) / round(1 / x_step.width) ELSE (round(x / x_step.width) + 1) * x_step.width END AS x1, y FROM bins, x_step)
SELECT total, used, x_step.width AS step, color_values, facet_values, NULL::DOUBLE AS x_values, points.*
FROM extent CROSS JOIN groups CROSS JOIN x_step LEFT JOIN points ON true
ORDER BY facet, x, color
