from tests.test_flow_api import *
import json
def test_fuzz(desk, caplog):
    import logging
    s="\ud800"
    cases=[
     ("PUT","flows/come-back",{"flow":COME_BACK+"# "+s}),
     ("PUT","flows/come-back",{"flow":COME_BACK,"texts":{"en":{"come-back":HELLO+s}}}),
     ("PUT","flows/come-back",{"flow":COME_BACK,"texts":{"en":{"come-back":HELLO.replace("# A","# A"+s)}}}),
     ("PUT","flows/come-back",{"flow":COME_BACK,"texts":{s:{"come-back":HELLO}}}),
     ("PUT","flows/come-back",{"flow":COME_BACK,"texts":{"en":{s:HELLO}}}),
     ("PUT","flows/come-back",{"flow":COME_BACK,"texts":{"en":{}}, s:1}),
     ("PUT","flows/come-back",{"flow":"["*20000}),
     ("PUT","flows/come-back",{"flow":"{a: "*10000}),
     ("PUT","flows/come-back",{"flow":"a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c]\n"}),
     ("PUT","flows/come-back",{"flow":"a: 1e999999999\nversion: 2024-13-45\n"}),
     ("PUT","flows/come-back",{"flow":COME_BACK.replace("version: 2","version: "+"9"*5000)}),
     ("PUT","flows/come-back",{"flow":COME_BACK.replace("wait: 45d","wait: "+"9"*4000+"d")}),
     ("PUT","flows/come-back",{"flow":COME_BACK.replace("version: 2","version: 0x"+"f"*4000)}),
     ("PUT","flows/come-back",{"flow":COME_BACK.replace("version: 2","version: 1_0:59:59:59")}),
     ("PUT","flows/come-back",{"flow":"!!python/object/apply:os.system ['id']"}),
     ("PUT","flows/%ED%A0%80",{"flow":COME_BACK}),
     ("GET","flows/"+"%00",None),
     ("POST","flows/come-back/state",{"on":None}),
     ("POST","flows/come-back/state",{"on":1}),
     ("POST","flows/"+"a"*199+"/state",{"on":True}),
     ("POST","flows/come-back/version",{"version":True}),
     ("POST","flows/come-back/version",{"version":10**400}),
     ("POST","flows/come-back/version",{"version":1e300}),
     ("POST","flows/come-back/test",{"to":s+"@acme.test"}),
     ("POST","flows/come-back/test",{"to":"x@acme.test\r\nBcc: a@b.c"}),
     ("POST","flows/come-back/test",{"to":"shop@acme.test","step":s}),
     ("POST","flows/come-back/test",{"to":"shop@acme.test","language":s}),
     ("POST","flows/come-back/test",{"to":["shop@acme.test"]}),
     ("POST","flows/come-back/test",{"to":"x"*60000+"@acme.test"}),
     ("POST","flows/rehearse",{"name":s}),
     ("POST","flows/rehearse",{"name":["x"]}),
     ("POST","flows/rehearse",{"name":"come-back","days":True}),
     ("POST","flows/rehearse",{"name":"come-back","days":10**30}),
     ("POST","flows/rehearse",{"name":"come-back","texts":5}),
     ("POST","flows/rehearse",{"flow":COME_BACK,"texts":5}),
     ("PUT","products/p1/waiting",{"email":s+"@x.test"}),
     ("PUT","products/p1/waiting",{"platform_customer_id":s}),
     ("PUT","products/p1/waiting",{"customer_id":s}),
     ("PUT","products/p1/waiting",{"customer_id":None}),
     ("PUT","products/p1/waiting",{s:"x"}),
     ("PUT","products/p%23%231/waiting",{"customer_id":"c_x"}),
     ("GET","products/%ED%A0%80/waiting",None),
     ("DELETE","products/p1/waiting/%ED%A0%80",None),
     ("DELETE","products/p1/waiting/c_%23x",None),
     ("POST","tasks/t_"+"A"*198,{"state":"done"}),
     ("POST","tasks/t_4pio",{"state":"done"}),
     ("POST","tasks/t_x",{"state":["done"]}),
     ("POST","tasks/t_x",{"state":s}),
     ("POST","tasks/t_x",{s:1}),
     ("GET","tasks?state="+"%ED%A0%80",None),
     ("GET","flows/come-back/preview?order=%00",None),
     ("GET","flows/come-back/preview?customer=%23%23",None),
     ("GET","flows/come-back/preview?language=%ED%A0%80",None),
     ("GET","customers/%00/explain?flow=x",None),
     ("GET","customers/%ED%A0%80/explain?order=x",None),
    ]
    import time
    for m,p,b in cases:
        t=time.time()
        a=desk(m,p,b)
        print(a.status, round(time.time()-t,2), m,p[:40].encode("ascii","replace"), a.text[:150].encode("ascii","replace"))
    for r in caplog.records:
        if r.levelno>=logging.ERROR: print(r.getMessage(), r.__dict__.get("kind"), {k:v for k,v in r.__dict__.items() if k in("error","where","route","trace")})
    assert 0
