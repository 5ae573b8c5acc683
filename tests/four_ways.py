"""The four ways to put an ask to a client, as one."""


async def asked(clients, codec, ask, way):
    """Put an ask in one of the four ways; give the answer."""
    match way:
        case "execute":
            return clients.execute(codec, ask)
        case "aexecute":
            return await clients.aexecute(codec, ask)
        case "stream":
            return [*_pieces_of(clients.stream(codec, ask))][-1]
        case "astream":
            return [piece async for piece in clients.astream(codec, ask)][-1]


def _pieces_of(stream):
    yield (yield from stream)
