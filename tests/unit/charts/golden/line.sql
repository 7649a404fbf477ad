WITH source AS NOT MATERIALIZED (SELECT epoch_us("timestamp") / 1000 AS x, CASE WHEN isfinite(temperature) THEN temperature::DOUBLE END AS y0 FROM readings),
extent AS (SELECT count(*)::DOUBLE AS total, count(*) FILTER (WHERE x IS NOT NULL AND (y0 IS NOT NULL))::DOUBLE AS used, min(x) FILTER (WHERE x IS NOT NULL AND (y0 IS NOT NULL)) AS lo, max(x) FILTER (WHERE x IS NOT NULL AND (y0 IS NOT NULL)) AS hi, approx_count_distinct(x) FILTER (WHERE x IS NOT NULL AND (y0 IS NOT NULL)) AS places FROM source),
groups AS (SELECT NULL::DOUBLE AS color_values, NULL::DOUBLE AS facet_values),
rows AS NOT MATERIALIZED (SELECT x, y0, NULL::VARCHAR AS color, NULL::VARCHAR AS facet FROM source WHERE x IS NOT NULL),
spans AS (SELECT CASE WHEN total > 5000 THEN (hi - lo) / least(1000, floor(5000 / (greatest(1, least(coalesce(color_values, 1), 13)) * greatest(1, least(coalesce(facet_values, 1), 9))))) END AS width FROM extent, groups),
readings AS (SELECT facet, color, [{x: coalesce(min(x) FILTER (WHERE y0 IS NOT NULL), min(x)), y: arg_min(y0, x)}, {x: coalesce(arg_min(x, y0), min(x)), y: min(y0)}, {x: coalesce(arg_max(x, y0), min(x)), y: max(y0)}, {x: coalesce(max(x) FILTER (WHERE y0 IS NOT NULL), min(x)), y: arg_max(y0, x)}] AS y0 FROM rows, spans, extent GROUP BY facet, color, CASE WHEN spans.width > 0 THEN floor((x - lo) / spans.width) ELSE x END),
points AS (SELECT DISTINCT facet, color AS color, reading.x AS x, reading.y AS y FROM (SELECT facet, color, unnest(y0) AS reading FROM readings))
SELECT total, used, spans.width AS step, color_values, facet_values, NULL::DOUBLE AS x_values, points.*
FROM extent CROSS JOIN groups CROSS JOIN spans LEFT JOIN points ON true
ORDER BY facet, color, x
