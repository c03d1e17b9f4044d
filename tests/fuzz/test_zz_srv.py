import pytest
from pathlib import Path
from sweeper.store import open_store
from sweeper.store.base import Tag, RunStatus
@pytest.mark.parametrize("uri", ["sqlite","server"])
def test_names(uri, request, tmp_path):
    u = request.getfixturevalue("store_uri" if uri=="sqlite" else "server_uri")
    store = open_store(u)
    run = store.start_run("exp-names", "x", tags={})
    for n in ["plain.txt","ü ñ%20.txt","a?b","a#b","a%2e%2eb","%2e%2e","a;b","a&b","a=b","a+b","e\u0301","é","😀","a:b","C:x","~x","-x"," x","x ","a\\b","sub dir/x y","a|b*<>\"'","con","x"*255, "a%00b", "%", "%zz", "a%2fb", "ß", "http:x", "file:x","a,b","a\u00a0b", ".hidden", "...", "x.", "a%5cb", "%23"]:
        p = tmp_path/"src"/n
        try:
            p.parent.mkdir(parents=True, exist_ok=True); p.write_text(n)
            store.save_artifact(run, p, n)
            rec = store.run(run.run_id)
            got = store.artifact(rec, n)
            r = "ok" if got.read_text()==n else "WRONG"
        except BaseException as e:
            r = f"{type(e).__name__}: {str(e)[:150]}"
        print(uri, repr(n)[:40], r)
    return
    print(len(names), [n for n in names if not n.isalnum()])
