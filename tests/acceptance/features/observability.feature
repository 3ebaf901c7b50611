# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: observability
  What a node does can be followed, and how much of it, changed while it runs.

  Background:
    Given these nodes:
      | name  | role         |
      | Alice | orchestrator |

  @pending @needs:event-bus
  Scenario: Emit a custom event
    When Alice's daemon emits the event "greeting"
    Then the event "greeting" arrives

  @pending @needs:no-op-logging
  Scenario: No-op mode
    When Alice's daemon runs without any log
    Then Alice's log is empty

  @pending @needs:elasticsearch-sink
  Scenario: Route by label
    When Alice's daemon logs with the label "accounting"
    Then the index "accounting-index" has it

  @quick
  Scenario: Structured log on console
    Then Alice's console has the event "daemon_ready" with a level and named values
    And Alice's log file has the event "daemon_ready" as one JSON object a line

  @pending @needs:elasticsearch-sink
  Scenario: Set Elasticsearch endpoint at run time
    When Alice sets the endpoint of her log
    Then what is logged arrives there

  # Until then nobody is led to believe that logs are sent.
  Scenario: An Elasticsearch endpoint is refused as long as nothing is sent
    Then setting the endpoint of her log is refused to Alice

  @quick
  Scenario: Graceful shutdown
    When Alice's daemon is told to end by SIGTERM
    Then it ends with status 1 within 20 s
    And the last line of Alice's log file is whole
    And nothing listens on Alice's ports any more

  @pending @needs:tracing
  Scenario: Start a trace
    When Alice's daemon starts a trace
    Then what it logs carries the trace's ID

  @quick
  Scenario: Change log level
    When Alice sets the log level to ERROR
    And Alice lends 1 core, a fifth of the memory and 2 GB of disk
    Then nothing is added to Alice's log file
    When Alice sets the log level to INFO
    And Alice offboards
    Then something is added to Alice's log file
