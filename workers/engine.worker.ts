import {Engine} from './engine/engine.ts';
import {exposeEngine} from './engine/expose.ts';
import {openSealedDuckDB} from './engine/sealed-duckdb.ts';

exposeEngine(new Engine(openSealedDuckDB));
