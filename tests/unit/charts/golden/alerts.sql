WITH chart AS (WITH source AS NOT MATERIALIZED (SELECT epoch_us("time") / 1000 AS x, vibration::DOUBLE AS y0, coalesce(sensor_id::VARCHAR, '(no value)') AS color FROM readings),
extent AS (SELECT count(*)::DOUBLE AS total, count(*) FILTER (WHERE x IS NOT NULL AND (y0 IS NOT NULL))::DOUBLE AS used, min(x) FILTER (WHERE x IS NOT NULL AND (y0 IS NOT NULL)) AS lo, max(x) FILTER (WHERE x IS NOT NULL AND (y0 IS NOT NULL)) AS hi, approx_count_distinct(x) FILTER (WHERE x IS NOT NULL AND (y0 IS NOT NULL)) AS places FROM source),
color_counts AS (SELECT color AS value, count(*) AS n FROM source WHERE x IS NOT NULL GROUP BY value),
color_kept AS (SELECT value FROM color_counts ORDER BY n DESC, value LIMIT 12),
groups AS (SELECT (SELECT count(*) FROM color_counts)::DOUBLE AS color_values, NULL::DOUBLE AS facet_values),
rows AS NOT MATERIALIZED (SELECT x, y0, coalesce(color_kept.value, '(other)') AS color, NULL::VARCHAR AS facet FROM source LEFT JOIN color_kept ON source.color = color_kept.value WHERE x IS NOT NULL),
spans AS (SELECT CASE WHEN total > 5000 THEN (hi - lo) / least(1000, floor(5000 / (greatest(1, least(coalesce(color_values, 1), 13)) * greatest(1, least(coalesce(facet_values, 1), 9))))) END AS width FROM extent, groups),
readings AS (SELECT facet, color, [{x: coalesce(min(x) FILTER (WHERE y0 IS NOT NULL), min(x)), y: arg_min(y0, x)}, {x: coalesce(arg_min(x, y0), min(x)), y: min(y0)}, {x: coalesce(arg_max(x, y0), min(x)), y: max(y0)}, {x: coalesce(max(x) FILTER (WHERE y0 IS NOT NULL), min(x)), y: arg_max(y0, x)}] AS y0 FROM rows, spans, extent GROUP BY facet, color, CASE WHEN spans.width > 0 THEN floor((x - lo) / spans.width) ELSE x END),
points AS (SELECT DISTINCT facet, color AS color, reading.x AS x, reading.y AS y FROM (SELECT facet, color, unnest(y0) AS reading FROM readings))
SELECT total, used, spans.width AS step, color_values, facet_values, NULL::DOUBLE AS x_values, points.*
FROM extent CROSS JOIN groups CROSS JOIN spans LEFT JOIN points ON true
ORDER BY facet, color, x),
limits AS (SELECT min(x) AS lo, max(x) AS hi, max(y) AS top, (hi - lo) / 20 AS margin FROM chart),
places AS (SELECT DISTINCT facet, color FROM chart),
spells AS (SELECT row_number() OVER () AS spell, epoch_us("timestamp") / 1000 AS raised, coalesce(epoch_us(since) / 1000, epoch_us("timestamp") / 1000) AS since, epoch_us(cleared_at) / 1000 AS cleared, sensor::VARCHAR AS sensor, metric::VARCHAR AS metric, lower(severity::VARCHAR) AS severity, CASE WHEN isfinite(value) THEN value::DOUBLE END AS value FROM alerts WHERE lower(metric::VARCHAR) = 'vibration' OR starts_with('vibration', lower(metric::VARCHAR) || '_')),
belonging AS (SELECT DISTINCT spell, places.facet FROM spells JOIN places ON spells.sensor IS NULL OR places.color = spells.sensor),
ranked AS (SELECT spells.*, row_number() OVER (ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, raised DESC, sensor, metric, spell) AS alert, count(*) OVER () AS alerts, count(*) FILTER (severity = 'critical') OVER () AS critical
FROM spells SEMI JOIN belonging ON spells.spell = belonging.spell CROSS JOIN limits WHERE raised IS NOT NULL AND since <= hi + margin AND coalesce(cleared, hi) >= lo - margin)
FROM chart UNION ALL BY NAME SELECT alert::DOUBLE AS alert, alerts::DOUBLE AS alerts, critical::DOUBLE AS critical, facet, CASE WHEN raised BETWEEN lo - margin AND hi + margin THEN raised END AS x, coalesce(value, top) AS y, value, raised, since, cleared, greatest(since, lo - margin) AS band, least(coalesce(cleared, greatest(hi, raised)), hi + margin) AS band1, sensor, metric, severity
FROM ranked JOIN belonging ON ranked.spell = belonging.spell CROSS JOIN limits WHERE alert <= 300
ORDER BY alert NULLS FIRST, facet, color, x, y
