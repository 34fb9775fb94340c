import fc from 'fast-check'
import { openPrompts } from '../../src/intake/open.ts'
import { isDeepStrictEqual } from 'node:util'
const pieces=['a','cat',',','"','""','\n','\r\n','\r','\t',' ','\0','🦊','é','\ufeff','{','}',':','\\ud83e','{"prompt":"x","seed":3}','\n"b",7\n']
const hardBytes = fc.array(fc.oneof({weight:9,arbitrary:fc.constantFrom(...pieces).map(t=>Buffer.from(t))}, fc.uint8Array({maxLength:3})),{maxLength:60}).map(p=>Buffer.concat(p))
async function* s(c:Buffer[]){yield* c}
function cut(b:Buffer,sizes:readonly number[]){const c:Buffer[]=[];for(let at=0,t=0;at<b.length;t++){const z=sizes[t%sizes.length]??1;c.push(b.subarray(at,at+z));at+=z}return c}
async function out(f:any,c:Buffer[]){const rows:any[]=[];try{const p=await openPrompts('-',{stdin:s(c),format:f});for await(const x of p.rows)rows.push(...x);return {rows,read:p.report.read,blank:p.report.blank,bad:p.report.bad,bl:p.report.badLines}}catch(e:any){return e.message}}
for(const [f,h] of [['txt',''],['jsonl',''],['csv','n,prompt,seed\n'],['tsv','n\tprompt\tseed\n']]as const){
let n=0,fails=0,t=performance.now()
const sizes=fc.array(fc.integer({min:1,max:20}),{minLength:1,maxLength:8})
const r=await fc.check(fc.asyncProperty(hardBytes,sizes,async(body,cs)=>{n++;if(n%5000===0)console.log(f,n,fails,body.length,Math.round(performance.now()-t))
 const b=Buffer.concat([Buffer.from(h),body]);const w=await out(f,[b]);const one=await out(f,cut(b,[1]));const c=await out(f,cut(b,cs))
 if(!isDeepStrictEqual(w,one)||!isDeepStrictEqual(w,c)){fails++;if(fails<4)console.log('FAIL',f,JSON.stringify(b.toString('latin1')),JSON.stringify(cs),w,one,c);throw new Error('x')}}),{numRuns:Number(process.argv[2])})
console.log(f,r.failed,r.numRuns,r.numShrinks,Math.round(performance.now()-t))}
