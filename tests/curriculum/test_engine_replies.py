"""nbclient waits for a cell's reply on the socket that its widgets write to."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest
import zmq
import zmq.asyncio
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session
from nbclient.output_widget import OutputWidget

from helpers.curriculum.engine import AttentiveOutputWidget


async def reply_that_comes_while_a_widget_sends(widget_class: type) -> list[bytes]:
    session = Session(key=b"any")
    with zmq.asyncio.Context() as context:
        kernel = zmq.Context.shadow(context).socket(zmq.ROUTER)
        port = kernel.bind_to_random_port("tcp://127.0.0.1")
        shell = context.socket(zmq.DEALER)
        shell.linger = kernel.linger = 0
        shell.connect(f"tcp://127.0.0.1:{port}")
        channel = AsyncZMQSocketChannel(shell, session)
        client = SimpleNamespace(session=session, shell_channel=channel)
        widget = widget_class("id", {"outputs": []}, client, None)
        widget.parent_header = {}
        await shell.send(b"execute")
        identity, _ = kernel.recv_multipart()
        waiting = asyncio.ensure_future(shell.recv_multipart())
        await asyncio.sleep(0.1)
        kernel.send_multipart([identity, b"reply"])
        time.sleep(0.1)  # it comes in, and the loop has not looked yet
        widget.sync_state()
        try:
            return await asyncio.wait_for(waiting, 1)
        finally:
            shell.close()
            kernel.close()


def test_a_reply_is_noticed_although_a_widget_has_just_sent() -> None:
    reply = reply_that_comes_while_a_widget_sends(AttentiveOutputWidget)
    assert asyncio.run(reply) == [b"reply"]


def test_nbclient_itself_still_needs_it() -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(reply_that_comes_while_a_widget_sends(OutputWidget))
