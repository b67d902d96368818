/** Site documents that work as they stand: the box of architecture section 9, and the example in the docs. */

const PLACES = {
  site: { id: 'site', subnet: '10.77.0.0/24', gateway: '10.77.0.254' },
  dr: { id: 'dr', subnet: '10.78.0.0/24', gateway: '10.78.0.254' },
  witness: { id: 'witness', subnet: '10.79.0.0/24', gateway: '10.79.0.254' },
} as const;

const NODES = {
  a: { id: 'a', place: 'site', role: 'full', address: '10.77.0.1', serviceAddress: '10.77.0.11' },
  b: { id: 'b', place: 'site', role: 'full', address: '10.77.0.2', serviceAddress: '10.77.0.12' },
  d: { id: 'd', place: 'dr', role: 'full', address: '10.78.0.1', serviceAddress: '10.78.0.11' },
  e: { id: 'e', place: 'dr', role: 'full', address: '10.78.0.2', serviceAddress: '10.78.0.12' },
  w: { id: 'w', place: 'witness', role: 'witness', address: '10.79.0.1' },
} as const;

/** @returns a site document as input for parseSite, which fills in every default */
export function exampleSite(layout: 'pair+dr' | 'two-two-one' = 'pair+dr'): unknown {
  const isPair = layout === 'pair+dr';
  return structuredClone({
    version: 1,
    siteId: 'box',
    layout,
    places: isPair ? [PLACES.site, PLACES.dr] : [PLACES.site, PLACES.dr, PLACES.witness],
    nodes: isPair ? [NODES.a, NODES.b, NODES.d] : [NODES.a, NODES.b, NODES.d, NODES.e, NODES.w],
  });
}
