const watched = new Map<Element, (visible: boolean) => void>();
let observer: IntersectionObserver | undefined;

/** An attachment that tells when an element comes near the window, and when it leaves. */
export const inView =
  (tell: (visible: boolean) => void) =>
  (element: Element): (() => void) => {
    observer ??= new IntersectionObserver(
      (entries) => {
        for (const entry of entries) watched.get(entry.target)?.(entry.isIntersecting);
      },
      {rootMargin: '300px 0px'},
    );
    watched.set(element, tell);
    observer.observe(element);
    return () => {
      observer?.unobserve(element);
      watched.delete(element);
    };
  };
