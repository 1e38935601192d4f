// How RPC providers and clients say that a request asks for too much, that they are asked too often, or that they do not
// serve it. JSON-RPC has no agreed codes for this, so each wording stands here with its source.

/**
 * What to do about a refusal. smaller: ask for fewer blocks. later: wait, or ask another endpoint. elsewhere: only another
 * endpoint can help.
 */
export type RefusalRemedy = "smaller" | "later" | "elsewhere";

interface RefusalRule {
  readonly remedy: RefusalRemedy;
  /** Of the JSON-RPC error; any where left out. */
  readonly code?: number;
  /** Of the HTTP answer; any where left out. */
  readonly status?: number;
  /** That was called; any where left out. */
  readonly method?: string;
  /** In the error's message or data, or in the text of an answer without one; any where left out. */
  readonly text?: RegExp;
  /** Who answers so, and where that is documented. */
  readonly source: string;
}

/**
 * The first rule that fits counts. Results, ranges and time-outs come before rates, because Infura uses -32005 for both.
 */
export const refusalRules: readonly RefusalRule[] = [
  // Too many results, too wide a range, too large an answer, or a query that takes too long.
  {
    remedy: "smaller",
    text: /query returned more than \d+ results|query timeout exceeded/i,
    source: "Infura, -32005: docs.metamask.io/services/reference/ethereum/json-rpc-methods/eth_getlogs (Constraints)",
  },
  {
    remedy: "smaller",
    text: /range \d+ exceeds limit of \d+/i,
    source: "Infura, -32602: github.com/INFURA/infura/issues/237",
  },
  {
    remedy: "smaller",
    text: /log response size exceeded|this block range should work|up to a [\d,]+k? block range/i,
    source:
      "Alchemy, -32602 and -32600: github.com/ethers-io/ethers.js/issues/4703, github.com/cartesi/rollups-node/pull/655",
  },
  {
    remedy: "smaller",
    code: -32614,
    source: "QuickNode, with HTTP 413: github.com/OffchainLabs/arbitrum-sdk/issues/609",
  },
  {
    remedy: "smaller",
    text: /limited to a [\d,.]+ (block )?range|limited to [\d,.]+ block/i,
    source:
      "QuickNode, BlockPI: quicknode.com/docs/ethereum/error-references, github.com/foundry-rs/foundry/issues/12687",
  },
  {
    remedy: "smaller",
    text: /block range is too (wide|large)|maximum \[from, to\] blocks distance/i,
    source:
      "Ankr, -32600: github.com/ponder-sh/ponder/issues/1940; Frontier: github.com/moonbeam-foundation/moonbeam/pull/3250",
  },
  {
    remedy: "smaller",
    text: /exceeds? max(imum)? (block range|results)|ranges over \d+ blocks/i,
    source:
      'geth\'s and PublicNode\'s "exceed maximum block range": github.com/ethereum/go-ethereum/pull/33163, ponder\'s getLogsRetryHelper.ts; reth, -32602 "query exceeds max results": github.com/paradigmxyz/reth/issues/23810; dRPC: github.com/foundry-rs/foundry/issues/12687',
  },
  {
    remedy: "smaller",
    text: /query (block range exceeds server limit|returns too many logs)/i,
    source: "Erigon, -32602, before -32000: github.com/erigontech/erigon/pull/19721 and /20424",
  },
  {
    remedy: "smaller",
    text: /requested range exceeds maximum/i,
    source: "Besu, --rpc-max-logs-range: github.com/besu-eth/besu/pull/4597",
  },
  {
    remedy: "smaller",
    text: /too many logs|max logs per response/i,
    source: "Nethermind, JsonRpc.MaxLogsPerResponse: github.com/NethermindEth/nethermind/pull/1183",
  },
  {
    remedy: "smaller",
    text: /range is bigger than|larger than max block range|block range too (large|high)|range limit exceeded|exceeds the range allowed|max range: \d+|limit the query to at most|number of requested blocks|requested too many blocks/i,
    source:
      "Scroll: github.com/scroll-tech/go-ethereum/pull/529; Morph: github.com/enviodev/hyperindex/issues/605; Tenderly: github.com/bobanetwork/boba_legacy/issues/827; Chainstack, Coinbase, thirdweb, Cloudflare, Avalanche: ponder's getLogsRetryHelper.ts",
  },
  {
    remedy: "smaller",
    text: /response (is )?too (large|big)|response size|exceeds limit of \d+ logs|query exceeds limit/i,
    source: "1RPC, Optimism, Arbitrum: ponder's getLogsRetryHelper.ts; erpc's error_normalizer.go",
  },
  { remedy: "smaller", status: 413, source: "RFC 9110, 15.5.14: content too large" },
  {
    remedy: "smaller",
    code: -32005,
    method: "eth_getLogs",
    text: /^limit exceeded\s*$/i,
    source:
      "BNB Chain's public endpoints: github.com/bnb-chain/bsc/issues/1215 (means range or rate: fewer blocks help against both)",
  },

  // Too many requests, or a quota that is used up.
  {
    remedy: "later",
    status: 429,
    source: "RFC 6585, 4; Alchemy's compute units: github.com/gitcoinco/grants-stack-indexer/issues/156",
  },
  {
    remedy: "later",
    code: 429,
    source: "Alchemy, in the JSON-RPC error: github.com/gitcoinco/grants-stack-indexer/issues/156",
  },
  {
    remedy: "later",
    text: /rate.?limit|request count exceeded|compute units per second|too many requests|requests? (per second )?limit|exceeded (its|the|your) .*(capacity|quota|limit)|reached the (quota|free tier)|monthly capacity|under too much load/i,
    source:
      'Infura, -32005 "daily request count exceeded, request rate limited": github.com/blockscout/blockscout/issues/7339; the others: erpc\'s error_normalizer.go',
  },

  // Not served at all, or not by this plan.
  { remedy: "elsewhere", code: -32601, source: "JSON-RPC 2.0, 5.1: method not found" },
  { remedy: "elsewhere", code: -32004, source: "EIP-1474: method not supported" },
  { remedy: "elsewhere", status: 401, source: "Alchemy, QuickNode: alchemy.com/docs/reference/error-reference" },
  { remedy: "elsewhere", status: 402, source: "a plan that is used up: RFC 9110, 15.5.3" },
  {
    remedy: "elsewhere",
    status: 403,
    source: "Alchemy, QuickNode (key or endpoint disabled): quicknode.com/docs/ethereum/error-references",
  },
  {
    remedy: "elsewhere",
    status: 404,
    source: "QuickNode (wrong address): quicknode.com/docs/ethereum/error-references",
  },
  {
    remedy: "elsewhere",
    text: /missing trie node|(state|history|header|block).*(not available|pruned|not found)|archive/i,
    source: "a client that keeps no old state, geth's \"missing trie node\": erpc's error_normalizer.go",
  },
  { remedy: "later", code: -32005, source: "EIP-1474: limit exceeded" },
];

/** The remedy that a refusal calls for; undefined where its wording is not known. */
export function remedyOf(refusal: {
  readonly method: string;
  readonly status: number;
  readonly code: number | undefined;
  readonly text: string;
}): RefusalRemedy | undefined {
  return refusalRules.find(
    ({ code, status, text, method }) =>
      (method === undefined || method === refusal.method) &&
      (code === undefined || code === refusal.code) &&
      (status === undefined || status === refusal.status) &&
      (text === undefined || text.test(refusal.text)),
  )?.remedy;
}
