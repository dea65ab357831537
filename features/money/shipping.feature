Feature: What shipping costs
  By where it goes, what it weighs, and what it is worth.

  Background:
    Given a product "book" at 20.00 EUR with stock 100, weighing 700 g

  Scenario: By weight
    Given a shipping method "Parcel" at 3.90 EUR up to 1000 g and 7.90 EUR up to 5000 g to DE
    And ann has 1 "book" in her cart
    When ann wants it sent to Germany
    Then ann can choose "Parcel" at 3.90 EUR
    When ann changes her "book" to 2
    Then ann can choose "Parcel" at 7.90 EUR

  Scenario: Too heavy
    Given a shipping method "Parcel" at 3.90 EUR up to 1000 g and 7.90 EUR up to 5000 g to DE
    And ann has 8 "book" in her cart
    When ann wants it sent to Germany
    Then ann can choose nothing

  Scenario: By place
    Given a shipping method "Post" at 4.90 EUR to DE and 14.90 EUR everywhere else
    And ann has 1 "book" in her cart
    When ann wants it sent to Germany
    Then ann can choose "Post" at 4.90 EUR
    When ann wants it sent to Japan
    Then ann can choose "Post" at 14.90 EUR

  Scenario: Free from an amount on
    Given a shipping method "Standard" at 4.90 EUR to DE, free from 50.00 EUR on
    And ann has 2 "book" in her cart
    When ann wants it sent to Germany
    And ann chooses "Standard"
    Then ann's cart comes to 44.90 EUR
    When ann changes her "book" to 3
    Then ann's cart comes to 60.00 EUR
    And 0.00 EUR of ann's cart is shipping
