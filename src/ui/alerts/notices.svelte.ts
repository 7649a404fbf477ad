import {plural} from '../../lib/text.ts';
import type {Alert} from '../../notebook/alert.ts';
import {remember, remembered} from '../theme.svelte.ts';

const key = 'lakebook:notices';
const mostNotices = 3;

/** System notices of new alerts: off until the user asks for them and the browser is allowed to. */
class Notices {
  #permission = $state(this.isKnown ? Notification.permission : 'denied');
  #wanted = $state(remembered(key) === 'on');

  /** Whether the browser has them at all. */
  get isKnown(): boolean {
    return 'Notification' in globalThis;
  }
  get isOn(): boolean {
    return this.#wanted && this.#permission === 'granted';
  }
  /** The user has told the browser no; only its own settings can change that. */
  get isRefused(): boolean {
    return this.#permission === 'denied';
  }

  /** Asks for permission where it is needed: to be called on a click. */
  async turn(on: boolean): Promise<void> {
    if (on && this.isKnown && Notification.permission === 'default') await Notification.requestPermission();
    this.#permission = this.isKnown ? Notification.permission : 'denied';
    this.#wanted = on && this.#permission === 'granted';
    remember(key, this.#wanted ? 'on' : 'off');
  }

  tell(title: string, alerts: readonly Alert[], onclick: () => void): void {
    const open = alerts.filter((alert) => alert.clearedAt === null);
    if (!this.isOn || open.length === 0) return;
    if (open.length > mostNotices) {
      const critical = open.filter((alert) => alert.severity === 'critical').length;
      notice(
        title,
        `${plural(open.length, 'new alert')}${critical === 0 ? '' : `, ${critical} of them critical`}`,
        title,
        onclick,
      );
    } else
      for (const alert of open)
        notice(
          `${alert.severity}: ${alert.metric}${alert.sensor === null ? '' : ` of ${alert.sensor}`}`,
          `${alert.peakValue}, limit ${alert.threshold} · ${title}`,
          alert.key,
          onclick,
        );
  }
}

function notice(title: string, body: string, tag: string, onclick: () => void): void {
  try {
    const shown = new Notification(title, {body, tag});
    shown.onclick = () => {
      window.focus();
      shown.close();
      onclick();
    };
  } catch {
    // Browsers of phones leave it to the service worker.
    void navigator.serviceWorker?.getRegistration().then((worker) => worker?.showNotification(title, {body, tag}));
  }
}

export const notices = new Notices();
