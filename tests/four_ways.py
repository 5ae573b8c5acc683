"""The four ways to put an ask to a client, as one."""

WAYS = ("execute", "aexecute", "stream", "astream")


async def asked(clients, codec, ask, way):
    """Put an ask in one of the four ways; give the answer."""
    return (await arrived(clients, codec, ask, way))[-1]


async def arrived(clients, codec, ask, way):
    """Put an ask in one of the four ways; give the pieces of text as they came, and the answer."""
    match way:
        case "execute":
            return [clients.execute(codec, ask)]
        case "aexecute":
            return [await clients.aexecute(codec, ask)]
        case "stream":
            return [*_pieces_of(clients.stream(codec, ask))]
        case "astream":
            return [piece async for piece in clients.astream(codec, ask)]


def _pieces_of(stream):
    yield (yield from stream)
