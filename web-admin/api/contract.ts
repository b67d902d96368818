/** All routes of the panel. A route that is not here does not exist. */
import { ACCOUNTS_API } from './accounts-api.js';
import type { PartOf } from './endpoint.js';
import { SESSION_API } from './session-api.js';
import { SITE_API } from './site-api.js';

export const CONTRACT = { ...SESSION_API, ...ACCOUNTS_API, ...SITE_API } as const;

export type Contract = typeof CONTRACT;
export type ContractKey = keyof Contract;
export type Answer<K extends ContractKey> = PartOf<Contract[K], 'response'>;
export type Params<K extends ContractKey> = PartOf<Contract[K], 'params'>;
export type Query<K extends ContractKey> = PartOf<Contract[K], 'query'>;
export type Body<K extends ContractKey> = PartOf<Contract[K], 'body'>;
