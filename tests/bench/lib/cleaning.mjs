/** The cleaning pipeline that is measured, as a notebook. `file` is the CSV's name in the workspace. @param {string} file */
export const cleaning = (file) => `---
lakebook: 1
title: The cleaning pipeline
---

\`\`\`step raw = load
file: ${file}
schema: {sensor_id: VARCHAR, timestamp: VARCHAR, temperature: DOUBLE, humidity: DOUBLE, pressure: DOUBLE}
\`\`\`

\`\`\`step typed = cast
columns:
  timestamp: {to: timestamp, format: "yyyy-MM-dd'T'HH:mm:ss"}
\`\`\`

\`\`\`step unique_readings = dedup
\`\`\`

\`\`\`step filled = fill
columns: [temperature, humidity, pressure]
method: mean
\`\`\`

\`\`\`step calm = outliers
columns: [temperature]
method: zscore
\`\`\`

\`\`\`step hourly = aggregate
keys: [sensor_id]
time: {column: timestamp, every: 1h}
metrics: {temperature: [avg, max, min, stddev, count], humidity: [avg], pressure: [avg]}
\`\`\`
`;
