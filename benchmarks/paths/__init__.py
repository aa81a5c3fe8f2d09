"""Which way a message takes through voxpipe: ``python -m benchmarks.paths``.

It counts what a reader has to follow, not time. Five things happen as they do in life,
over real sockets, and every call in voxpipe's own code is written down:

1. a caller's 20 ms: from the carrier's socket to the model's;
2. a delta of audio: from the model's socket to where the sink takes it;
3. an interruption: from ``speech_started`` until the model has its truncation and the
   carrier its ``clear``;
4. a tool call: from the item that calls until its output and a ``response.create`` are
   sent;
5. ``voxpipe serve --simulator``, until it says where it listens, and does.

The figures:

- *calls*: functions entered, and coroutines that go on, each of its frames, after they
  have waited. Comprehensions are part of the function around them (as they are for
  Python from 3.12 on); bodies of modules and classes are no calls.
- *files*: distinct ones.
- *moves*: calls in another file than the call before. To come back to a caller is none.
- *returns*: moves to a file that was there before; so there are ``files - 1`` others.
- *tasks*: distinct tasks of the event loop that have taken a step.

Own code is what is below ``voxpipe/``, but for what plays the service and the carrier
(`recorder.LEFT_OUT`). The median of each figure is printed, over runs after a first
one that does not count; the start has a process of its own for each run.

A path begins when its first message is read from a socket, and ends when its last one
is written to one. Both are recognised by what is in them, and nothing else is sent
meanwhile. What can still come in between are timers of voxpipe's, such as a sink's pace
or the switchboard's look at all calls: 7 to 17 calls more, in one run of ten or so. A
test had better hold the shortest run.

Nothing here knows what is inside voxpipe, but for the names of public things, so trees
that are built in another way can be compared.
"""
