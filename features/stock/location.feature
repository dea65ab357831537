Feature: Stock is kept at locations
  Orders are served from the location of the highest priority that has enough, and split only when none has.

  Background:
    Given a location "Berlin" with priority 10
    And a location "Hamburg" with priority 5
    And a product "shirt" at 19.90 EUR
    And 2 of "shirt" are at "Berlin"
    And 3 of "shirt" are at "Hamburg"

  Scenario: From the first that has enough
    Given ann has 2 "shirt" in her cart
    When ann checks out
    Then 2 of "shirt" are allocated at "Berlin"
    And 0 of "shirt" are allocated at "Hamburg"

  Scenario: From one place rather than from two
    Given ann has 3 "shirt" in her cart
    When ann checks out
    Then 0 of "shirt" are allocated at "Berlin"
    And 3 of "shirt" are allocated at "Hamburg"

  Scenario: From two places when no single one has enough
    Given ann has 4 "shirt" in her cart
    When ann checks out
    Then 2 of "shirt" are allocated at "Berlin"
    And 2 of "shirt" are allocated at "Hamburg"

  Scenario: A location that holds something stays
    When the merchant deletes the location "Berlin"
    Then the merchant is told state_forbids
