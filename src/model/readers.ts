/** Which packages read the rows that are written: the oldest that can, and those that the tests of this tool read with. */

export interface Reader {
  readonly name: string
  /** The oldest version that reads all of it. */
  readonly from: string
  readonly tested: string
  /** No full stop; empty where there is nothing to add. */
  readonly note: string
}

export const READERS: Readonly<Record<'python' | 'js', readonly Reader[]>> = {
  python: [
    {
      name: 'langgraph-checkpoint-postgres',
      from: '2.0.25',
      tested: '3.2.0',
      note: 'older ones do not see values that stand inside the checkpoint; threads with delta channels need 3.1.2',
    },
    {
      name: 'langgraph-checkpoint',
      from: '2.1.0',
      tested: '4.3.2',
      note: 'with LANGGRAPH_STRICT_MSGPACK (since 4.0.1) it builds listed classes only',
    },
    { name: 'langgraph', from: '0.6', tested: '1.2.22', note: '' },
  ],
  js: [
    { name: '@langchain/langgraph-checkpoint-postgres', from: '0.0.1', tested: '1.0.5', note: '' },
    { name: '@langchain/langgraph-checkpoint', from: '0.0.16', tested: '1.1.5', note: '' },
    { name: '@langchain/langgraph', from: '0.2', tested: '1.4.0', note: '' },
  ],
}
