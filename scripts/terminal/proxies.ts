// The proxies of this machine's environment, for everything that this program asks over HTTP: RPC endpoints, image servers,
// packages. Peers are not reached through them: their connections are plain TCP.

export interface Proxies {
  readonly http?: string;
  readonly https?: string;
  /** Hosts that are reached directly. */
  readonly none?: string;
}

/** As curl reads them: in lower case first. */
export function proxiesOf(environment: NodeJS.ProcessEnv): Proxies {
  const read = (name: string) => environment[name] ?? environment[name.toUpperCase()];
  const [http, https, none] = [read("http_proxy"), read("https_proxy"), read("no_proxy")];
  return { ...(http && { http }), ...(https && { https }), ...(none && { none }) };
}

/** This machine itself is never asked through a proxy: a simulation's chain is here. */
const ownNames = "localhost,127.0.0.1,[::1]";

/** Makes fetch follow the proxies; does nothing, and loads nothing, without one. */
export async function useProxies({ http, https, none }: Proxies): Promise<void> {
  if (http === undefined && https === undefined) return;
  const { EnvHttpProxyAgent, setGlobalDispatcher } = await import("undici");
  const noProxy = none === undefined ? ownNames : `${none},${ownNames}`;
  setGlobalDispatcher(new EnvHttpProxyAgent({ httpProxy: http ?? "", httpsProxy: https ?? "", noProxy }));
}
