export interface Found {
  readonly id: string;
  readonly title: string;
  /** One line below the title. */
  readonly about?: string | undefined;
  readonly keys?: string | undefined;
  /** Further words it is found by. */
  readonly words?: string | undefined;
  /** Why it can't be chosen now. */
  readonly why?: string | undefined;
  readonly run: () => void;
}
export interface FoundGroup {
  readonly title: string;
  readonly items: readonly Found[];
}

const between = /[\s_:(-]+/;

/** Items in which every word typed begins a word; those with it in the title first. */
export function search(groups: readonly FoundGroup[], typed: string): FoundGroup[] {
  const words = typed.toLowerCase().split(between).filter(Boolean);
  const holds = (text: string): boolean =>
    words.every((word) => text.split(between).some((part) => part.startsWith(word)));
  return groups.flatMap((group) => {
    const items = group.items.filter((item) =>
      holds(`${item.title} ${item.about ?? ''} ${item.words ?? ''} ${group.title}`.toLowerCase()),
    );
    const inTitle = (item: Found): number => (holds(item.title.toLowerCase()) ? 0 : 1);
    return items.length === 0
      ? []
      : [{title: group.title, items: words.length === 0 ? items : items.toSorted((a, b) => inTitle(a) - inTitle(b))}];
  });
}
