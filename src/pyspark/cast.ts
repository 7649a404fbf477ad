import {duckType, isEpoch, type CastTarget, type Epoch} from '../sql/cast.ts';
import {isFloat, isNumber, isText, isTime, isWhole, type Column} from '../sql/types.ts';
import {present} from './missing.ts';
import {col, py} from './py.ts';
import {toSparkType} from './types.ts';

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
const fromEpoch: Readonly<Record<Epoch, string>> = {
  epoch_s: 'timestamp_seconds',
  epoch_ms: 'timestamp_millis',
  epoch_us: 'timestamp_micros',
};
const microseconds: Readonly<Record<Epoch, number>> = {epoch_s: 1_000_000, epoch_ms: 1000, epoch_us: 1};
const toEpoch: Readonly<Record<Epoch, string>> = {
  epoch_s: 'unix_seconds',
  epoch_ms: 'unix_millis',
  epoch_us: 'unix_micros',
};

/** A column cast in PySpark: NULL where it fails, or an error in ANSI mode when `strict`. */
export function castColumn(column: Column, {to, formats, decimal}: CastTarget, strict: boolean): string {
  const type = duckType(to) ?? 'VARCHAR';
  const spark = toSparkType(type);
  // NaN is missing: nothing of it can fail.
  const name =
    strict && isFloat(column.type) && !isFloat(type)
      ? `nullif(${quoted(column.name)}, double('NaN'))`
      : quoted(column.name);
  const text = isText(column.type) || column.type === '';
  // What has nothing but blanks is missing: try_cast gives NULL for it by itself.
  const trimmed = strict ? `nullif(trim(${name}), '')` : `trim(${name})`;
  const cast = (from: string, as = spark): string =>
    strict ? `F.expr(${py(`cast(${from} AS ${as})`)})` : `F.expr(${py(`try_cast(${from} AS ${as})`)})`;
  const [format] = formats;
  if (type === 'VARCHAR')
    return format !== undefined && isTime(column.type)
      ? `F.date_format(${col(column.name)}, ${py(format)})`
      : `${col(column.name)}.cast('string')`;
  if (type === 'TIMESTAMP' || type === 'DATE') {
    const date = type === 'DATE' ? `.cast('date')` : '';
    if (formats.length === 0 && !isNumber(column.type)) return cast(text && strict ? trimmed : name);
    const ways = (formats.length === 0 ? ['epoch_s'] : formats).map((one) => {
      if (isEpoch(one))
        return `F.${fromEpoch[one]}(${isWhole(column.type) ? withinTime(column, one) : cast(text && strict ? trimmed : name, one === 'epoch_s' ? 'decimal(20,6)' : 'bigint')})`;
      return strict && formats.length === 1
        ? `F.to_timestamp(F.nullif(F.trim(${col(column.name)}), F.lit('')), ${py(one)})`
        : `F.try_to_timestamp(F.trim(${col(column.name)}), F.lit(${py(one)}))`;
    });
    return (ways.length === 1 ? ways.join('') : `F.coalesce(${ways.join(', ')})`) + date;
  }
  if (isTime(column.type) && isNumber(type)) {
    const unit = format !== undefined && isEpoch(format) ? format : 'epoch_s';
    const time = `cast(${name} AS timestamp)`;
    return cast(isWhole(type) ? `${toEpoch[unit]}(${time})` : `unix_micros(${time}) / ${microseconds[unit]}e0`);
  }
  if (text && decimal === ',' && isNumber(type)) return cast(`translate(${trimmed}, ',.', '.,')`);
  if (isNumber(column.type) && type === 'BOOLEAN') return `(${present(column)} != 0)`;
  return cast(text ? trimmed : name);
}

/** Numbers of seconds or milliseconds whose microseconds a BIGINT holds; the others are no time, and an error in ANSI mode. */
function withinTime({name, type}: Column, unit: Epoch): string {
  if (unit === 'epoch_us' || type !== 'BIGINT') return col(name);
  const most = unit === 'epoch_s' ? '9223372036854' : '9223372036854775';
  return `F.when(${col(name)}.between(-${most}, ${most}), ${col(name)})`;
}

/** A condition that is true where `helper` is NULL though the column had something to cast. */
export function castFailed(column: Column, helper: string): string {
  const there =
    isText(column.type) || column.type === ''
      ? `(F.trim(${col(column.name)}) != '')`
      : `${present(column)}.isNotNull()`;
  return `(F.coalesce(${there}, F.lit(False)) & ${col(helper)}.isNull())`;
}
