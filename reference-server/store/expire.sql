select desk.expire($1) as expired
