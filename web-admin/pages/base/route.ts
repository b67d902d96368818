/** Which page is shown: behind the "#" of the address, where no server and no log sees it. */
import { useSyncExternalStore } from 'react';

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => {
    window.removeEventListener('hashchange', listener);
  };
}

export function useRoute(): string {
  return useSyncExternalStore(subscribe, () => window.location.hash.replace(/^#\/?/, '') || 'overview');
}

export function goTo(route: string): void {
  window.location.hash = `/${route}`;
}
