# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: deployment
  A job file becomes a running job on somebody's machine, and what it prints comes back.

  Background:
    Given these nodes:
      | name  | role         |
      | Alice | orchestrator |
      | Bob   | provider     |
    And they are members of the organisation "nunet"

  Scenario Outline: Deploy example job(s), read output
    When Alice deploys the example "<file>"
    Then the deployment becomes Completed
    And it ran on Bob
    And its output contains "<text>"
    And nothing of it is left

    @quick
    Examples: in a sandbox
      | file       | text          |
      | hello.yaml | Hello, world. |

    Examples: more in a sandbox
      | file           | text           |
      | two-tasks.yaml | second         |
      | volume.yaml    | visits so far: |

    @engine @quick
    Examples: in a container
      | file              | text               |
      | docker_hello.yaml | Hello from Docker! |

  Scenario: Remove a node in a running ensemble
    Given a job with these allocations:
      | node | name | type    | runs            | peer |
      | one  | a    | service | exec sleep 1000 | Bob  |
      | two  | b    | service | exec sleep 1000 | Bob  |
    When Alice deploys it
    And the deployment becomes Running
    And Alice removes the node "two" from it
    Then "two.b" is gone
    And "one.a" was never touched
